//! Keeps the value of a path parameter from selecting another route of an `axum::Router`: of `/claims/{claimId}` and
//! `/claims/export`, an agent that knows the first would reach the second by the id `export`.

use std::any::Any;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum_core::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::api::problem;

/// The path of a request that was made of a template.
#[derive(Clone, Debug)]
pub(super) struct Filled {
    path: String,
    /// The index of the segment of each parameter, and its name.
    parameters: Vec<(usize, String)>,
}

impl Filled {
    /// Notes which segments of a path are values. No value has a `/`, since they are percent-encoded.
    pub(super) fn new(template: &str, path: &str) -> Self {
        let mut parameters = Vec::new();
        let (mut segment, mut rest) = (0, template);
        while let Some((before, after)) = rest.split_once('{') {
            segment += before.matches('/').count();
            rest = after;
            if let Some((name, after)) = after.split_once('}') {
                parameters.push((segment, name.to_owned()));
                rest = after;
            }
        }
        Self { path: path.to_owned(), parameters }
    }

    /// Returns the parameter whose value stands where the matched route has a literal. `path` is what the router has
    /// matched: a layer may have removed a base path. A path that a layer has replaced is not compared.
    fn misled(&self, path: &str, matched: &str) -> Option<&str> {
        let removed = self.path.strip_suffix(path)?.matches('/').count();
        let is_literal = |segment: usize| {
            let mut segments = matched.split('/').take(segment + 1);
            let rest = segments.clone().any(|segment| segment.starts_with("{*"));
            !rest && segments.nth(segment).is_some_and(|segment| !has_parameter(segment))
        };
        let here = |segment: usize| segment.checked_sub(removed).filter(|segment| *segment > 0);
        let misled = self.parameters.iter().find(|(segment, _)| here(*segment).is_some_and(is_literal));
        misled.map(|(_, name)| &**name)
    }
}

/// Returns `true` for a segment with a parameter; `{{` is a brace of the path itself.
fn has_parameter(segment: &str) -> bool {
    segment.replace("{{", "").contains('{')
}

/// Adds the check to a router. It is within the router, since a layer around it does not know the route before the
/// handler has run. Another service is returned as it is.
pub(crate) fn guarded<S: 'static>(mut service: S) -> S {
    if let Some(router) = (&mut service as &mut dyn Any).downcast_mut::<Router>() {
        *router = std::mem::take(router).layer(from_fn(check));
    }
    service
}

async fn check(request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let misled = match (extensions.get::<Filled>(), extensions.get::<MatchedPath>()) {
        (Some(filled), Some(matched)) => filled.misled(request.uri().path(), matched.as_str()),
        // Not an agent's request, or no route: the fallback, or a service that was added by `nest_service`.
        _ => None,
    };
    let Some(name) = misled else { return next.run(request).await };
    let name = crate::core::error::shown(name);
    tracing::warn!("a path parameter has the value of another route, which was not called");
    let problem =
        problem(400, "Bad Request", Some(&format!("the path parameter {name} has the value of another route")));
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, problem.media_type)], problem.body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_the_place_of_a_literal_is_found() {
        for (template, path, seen, matched, misled) in [
            ("/a/{id}", "/a/x", "/a/x", "/a/{id}", None),
            ("/a/{id}", "/a/x", "/a/x", "/a/{other}", None),
            ("/a/{id}", "/a/x", "/a/x", "/{*rest}", None),
            ("/a/{id}", "/a/x", "/a/x", "/a/x", Some("id")),
            ("/a/{id}", "/a/x", "/a/x", "/a/{{x}}", Some("id")),
            ("/a/x", "/a/x", "/a/x", "/a/{id}", None),
            ("/a/{id}/", "/a/x/", "/a/x/", "/a/x/", Some("id")),
            ("/{a}/{b}", "/x/y", "/x/y", "/{a}/y", Some("b")),
            ("/{a}/{b}", "/x/y", "/x/y", "/x/{*rest}", Some("a")),
            ("/{a}/{b}", "/x/y", "/x/y", "/{a}/{b}", None),
            ("/a/{id}.json", "/a/x.json", "/a/x.json", "/a/{file}", None),
            ("/a/{id}.json", "/a/x.json", "/a/x.json", "/a/x.json", Some("id")),
            ("/a/{b/c}/{d}", "/a/x/y", "/a/x/y", "/a/{x}/y", Some("d")),
            ("/a/{open/{id}", "/a/%7Bopen/x", "/a/%7Bopen/x", "/a/{o}/x", None),
            // Without the base path `/v1`, or `/v1` and the tenant.
            ("/v1/a/{id}", "/v1/a/x", "/a/x", "/a/x", Some("id")),
            ("/v1/a/{id}", "/v1/a/x", "/a/x", "/a/{id}", None),
            ("/v1/{t}/a/{id}", "/v1/x/a/y", "/a/y", "/a/{id}", None),
            ("/a/{id}", "/a/x", "/replaced", "/replaced", None),
        ] {
            let filled = Filled::new(template, path);
            assert_eq!(filled.misled(seen, matched), misled, "{template} {seen} {matched}");
        }
    }
}
