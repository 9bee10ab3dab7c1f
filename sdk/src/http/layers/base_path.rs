//! Layer that strips the base path of a custom domain from request paths.
//!
//! A custom domain can map a base path to an API: `https://api.example.com/v1/users` is then the route `/users`, but
//! API Gateway sends `/v1/users` as the path. If the event names the route, no layer is needed, and the path is that of
//! the route: for a REST API, and for an HTTP API with routes other than `$default`. A function with a router behind an
//! HTTP API's `$default` route, a load balancer or CloudFront needs this layer.
//!
//! Only whole segments at the beginning of a path are stripped: a request to the API's own domain is not changed. The
//! path that the client sent is in the [`RequestContext`](crate::http::RequestContext).
//!
//! # Example
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use pilaster::http;
//!
//! let app = Router::new().route("/users", get(async || "ada"));
//! let function = pilaster::http::service(app).layer(http::Stack::new().base_path("v1"));
//! # #[cfg(feature = "testing")]
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let caller = pilaster::testing::Caller::new(function);
//! for path in ["/v1/users", "/users"] {
//!     assert_eq!(caller.send(pilaster::testing::http::get(path)).await?.text(), "ada");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;
use std::task::{Context, Poll};

use http::uri::PathAndQuery;
use http::{Request, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tower::{Layer, Service};

/// The characters to escape in a path whose existing escapes are kept: `%` is not one of them.
pub(crate) const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#').add(b'?').add(b'{').add(b'}');

/// Layer that applies [`BasePath`]. See the [module docs](self).
#[derive(Clone, Debug, Default)]
pub struct BasePathLayer {
    bases: Option<Arc<[String]>>,
}

impl BasePathLayer {
    /// Strips this base path, such as `v1` or `v1/orders`; slashes around it are ignored. Characters that a path must
    /// escape (a space, `ü`) are escaped; a `%` starts an existing escape.
    pub fn new(base_path: impl AsRef<str>) -> Self {
        Self::default().and(base_path)
    }

    /// Strips this base path as well. Of several matches, the longest base path is stripped.
    pub fn and(self, base_path: impl AsRef<str>) -> Self {
        let base = base_path.as_ref().trim_matches('/');
        if base.is_empty() {
            return self;
        }
        let mut bases = self.bases.map_or_else(Vec::new, |bases| bases.to_vec());
        let base = format!("/{}", utf8_percent_encode(base, PATH));
        let (upper, lower) = (with_escapes(&base, char::to_uppercase), with_escapes(&base, char::to_lowercase));
        if lower != upper {
            bases.push(lower);
        }
        bases.push(upper);
        bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
        Self { bases: Some(bases.into()) }
    }
}

impl<S> Layer<S> for BasePathLayer {
    type Service = BasePath<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BasePath { inner, bases: self.bases.clone() }
    }
}

/// Service that strips base paths from request paths. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct BasePath<S> {
    inner: S,
    bases: Option<Arc<[String]>>,
}

impl<S, B> Service<Request<B>> for BasePath<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(uri) = self.bases.as_deref().and_then(|bases| without_base(request.uri(), bases)) {
            *request.uri_mut() = uri;
        }
        self.inner.call(request)
    }
}

/// Returns the path with upper-case escapes; clients send either case.
fn with_escapes<I: Iterator<Item = char>>(path: &str, case: fn(char) -> I) -> String {
    let mut left = 0_u8;
    let mut cased = String::with_capacity(path.len());
    for c in path.chars() {
        if left > 0 {
            cased.extend(case(c));
        } else {
            cased.push(c);
        }
        left = if c == '%' { 2 } else { left.saturating_sub(1) };
    }
    cased
}

/// Returns the URI without the first base path that matches.
fn without_base(uri: &Uri, bases: &[String]) -> Option<Uri> {
    let target = uri.path_and_query()?.as_str();
    let rest = bases.iter().find_map(|base| {
        let rest = target.strip_prefix(base.as_str())?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
    })?;
    let rest = if rest.starts_with('/') { PathAndQuery::try_from(rest) } else { format!("/{rest}").try_into() };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_segments_at_the_beginning_are_stripped() {
        let layer = BasePathLayer::new("v1").and("/v1/nested/").and("").and("/");
        let bases = layer.bases.unwrap();
        for (uri, expected) in [
            ("https://h/v1/x?a=/v1/y", "https://h/x?a=/v1/y"),
            ("https://h/v1", "https://h/"),
            ("https://h/v1?a", "https://h/?a"),
            ("https://h/v1/", "https://h/"),
            ("/v1/v1/x", "/v1/x"),
            ("/v1//x", "//x"),
            ("/v1/nested/x", "/x"),
            ("/v1/nestedx", "/nestedx"),
            ("/v1/a%2Fb", "/a%2Fb"),
        ] {
            assert_eq!(without_base(&uri.parse().unwrap(), &bases).unwrap(), expected, "{uri}");
        }
        for uri in ["/v10/x", "/V1/x", "/v1%2Fx", "//v1/x", "/x/v1", "/", "/%761/x", "*"] {
            assert_eq!(without_base(&uri.parse().unwrap(), &bases), None, "{uri}");
        }
    }

    #[test]
    fn a_base_path_is_escaped_as_the_paths_are() {
        for base in ["ü x", "%C3%BC x", "/%c3%bc%20x/"] {
            let bases = BasePathLayer::new(base).bases.unwrap();
            for uri in ["/%C3%BC%20x/Users", "/%c3%bc%20x/Users"] {
                let rest = without_base(&uri.parse().unwrap(), &bases);
                assert!(rest.is_some_and(|rest| rest == "/Users"), "{base} {uri}");
            }
            assert_eq!(without_base(&"/%C3%BC%20xy".parse().unwrap(), &bases), None);
        }
    }
}
