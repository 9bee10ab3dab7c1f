//! The routes of a case as an `axum::Router`.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::{MethodFilter, on};
use pilaster::http::{CompressionLayer, CorsLayer, HttpError, Method, Path, Response, Uri};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answers::{Answer, Handler};
use super::event_handler::Middleware;
use super::raised::Exceptions;
use crate::exchange::Notes;
use crate::{Stop, unsupported};

/// A route: GET, and a handler that returns `{"ok": true}`, unless it is given.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    path: String,
    method: Option<OneOrMany>,
    handler: Option<Handler>,
    status_code: Option<u16>,
    compress: Option<bool>,
    cors: Option<bool>,
    /// Around this route alone, the first outermost.
    #[serde(default)]
    middlewares: Vec<Middleware>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Routes under a prefix.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nested {
    prefix: String,
    routes: Vec<Route>,
}

impl Nested {
    pub(super) fn routes(&self) -> &[Route] {
        &self.routes
    }
}

type Params = BTreeMap<String, String>;

/// A part of a path that is not a parameter of the handler.
const REST: &str = "unnamed_rest";

/// The settings around the routes.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) notes: Notes,
    pub(super) exceptions: Exceptions,
    pub(super) typescript: bool,
    /// Around each route that does not refuse it, instead of around all.
    pub(super) cors: Option<CorsLayer>,
    /// All responses are compressed.
    pub(super) compress: bool,
}

impl Route {
    /// Its own setting of CORS, if it has one.
    pub(super) fn chooses_cors(&self) -> bool {
        self.cors.is_some()
    }

    /// Other origins may call it.
    pub(super) fn has_cors(&self) -> bool {
        self.cors != Some(false)
    }

    pub(super) fn methods(&self) -> Vec<String> {
        match &self.method {
            None => vec!["GET".to_owned()],
            Some(OneOrMany::One(method)) => vec![method.clone()],
            Some(OneOrMany::Many(methods)) => methods.clone(),
        }
    }

    fn add_to(&self, mut router: Router, shared: &Shared) -> Result<Router, Stop> {
        let handler = self.handler.clone().unwrap_or_else(Handler::default_one);
        handler.response.as_ref().map_or(Ok(()), Answer::check)?;
        let mut filter: Option<MethodFilter> = None;
        for method in self.methods() {
            let Some(one) = method.parse::<Method>().ok().and_then(|method| MethodFilter::try_from(method).ok()) else {
                return unsupported(format!("the method {method} in a route"));
            };
            filter = Some(filter.map_or(one, |filter| filter.or(one)));
        }
        let Some(filter) = filter else { return unsupported("a route without a method") };
        for path in paths(&self.path, shared.typescript)? {
            let service = self.service(handler.clone(), shared.clone(), path.clone());
            let mut route = on(filter, service);
            for middleware in self.middlewares.iter().rev() {
                middleware.check()?;
                route = middleware.around(route, &shared.notes);
            }
            if let Some(layer) = self.compression(&handler, shared) {
                route = route.layer(layer);
            }
            router = router.route(
                &path,
                match &shared.cors {
                    Some(cors) if self.has_cors() => route.layer(cors.clone()),
                    _ => route,
                },
            );
        }
        Ok(router)
    }

    /// Its responses are compressed if the response, the route or the router requests it: in Python of any size, in TypeScript
    /// from a kilobyte on.
    fn compression(&self, handler: &Handler, shared: &Shared) -> Option<CompressionLayer> {
        let of_answer = handler.response.as_ref().and_then(|answer| answer.compress);
        let wished = of_answer.or(self.compress).unwrap_or(shared.compress);
        let minimum = if shared.typescript { 1024 } else { 1 };
        wished.then(|| CompressionLayer::new().minimum_size(minimum))
    }

    /// The handler as an async function of the path's parameters.
    fn service(
        &self,
        handler: Handler,
        shared: Shared,
        rule: String,
    ) -> impl Fn(Option<Path<Params>>) -> std::future::Ready<Result<Response, HttpError>> + Clone + Send + Sync + 'static
    {
        let status = self.status_code;
        move |path: Option<Path<Params>>| {
            let named = path.map(|path| path.0).unwrap_or_default().into_iter();
            // Without parameters of the router's own, `Path` has those of the event.
            let named = named.filter(|(name, _)| rule.contains(&format!("{{{name}}}")));
            let params: Map<String, Value> = named.map(|(name, value)| (name, json!(value))).collect();
            shared.notes.add(json!({ "handler": handler.name(), "params": params }));
            let answer = match &handler.raise {
                Some(raise) => Err(shared.exceptions.raise(raise)),
                None => Ok(handler.answer(&params, status, shared.typescript)),
            };
            std::future::ready(answer)
        }
    }
}

/// The router of all routes, with those under prefixes.
pub(super) fn router(routes: &[Route], nested: &[Nested], strip: &[String], shared: &Shared) -> Result<Router, Stop> {
    let mut own = Router::new();
    for route in routes {
        own = route.add_to(own, shared)?;
    }
    for under in nested {
        let mut router = Router::new();
        for route in &under.routes {
            router = route.add_to(router, shared)?;
        }
        own = own.nest(&under.prefix, router);
    }
    let mut whole = own.clone();
    for prefix in strip {
        whole = whole.nest(prefix, own.clone());
    }
    Ok(whole)
}

/// The answer to what no route takes.
pub(super) fn with_fallback(router: Router, not_found: Option<Value>, shared: &Shared) -> Result<Router, Stop> {
    let exceptions = shared.exceptions.clone();
    Ok(match not_found {
        None => router.fallback(move |method: Method, uri: Uri| {
            std::future::ready(exceptions.not_found(method.as_str(), uri.path()))
        }),
        Some(answer) if answer.get("status").is_some() => {
            let answer: Answer = super::read("not_found", &answer)?;
            answer.check()?;
            router.fallback(move || std::future::ready(answer.clone()))
        }
        Some(body) => {
            let status = body["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(404);
            let status = pilaster::http::StatusCode::from_u16(status).unwrap_or_default();
            router.fallback(move || std::future::ready((status, pilaster::http::Json(body.clone()))))
        }
    })
}

/// A rule of Powertools as axum writes it: `<name>` or `:name` is `{name}`, and a trailing `.+` or `.*` the rest.
fn paths(rule: &str, typescript: bool) -> Result<Vec<String>, Stop> {
    if let Some(before) = rule.strip_suffix(".*").or_else(|| rule.strip_suffix(".+")) {
        let before = before.strip_suffix('/').unwrap_or(before);
        if before.contains(['<', '(', '[', '\\', '*', '+', '?']) {
            return unsupported("rules with regular expressions");
        }
        let rest = format!("{before}/{{*{REST}}}");
        return Ok(match rule {
            ".*" | ".+" => vec!["/".to_owned(), rest],
            _ => vec![rest],
        });
    }
    let mut path = Vec::new();
    for segment in rule.split('/') {
        let name = match typescript {
            true => segment.strip_prefix(':'),
            false => segment.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')),
        };
        path.push(match name {
            Some(name) if name.chars().all(|c| c.is_alphanumeric() || c == '_') => format!("{{{name}}}"),
            Some(_) => return unsupported("path parameters within a segment"),
            None if segment.contains(['<', '>', '(', '[', '\\', '*', '+', '?', '|', ':', '{', '}']) => {
                return unsupported("rules with regular expressions");
            }
            None => segment.to_owned(),
        });
    }
    Ok(vec![path.join("/")])
}
