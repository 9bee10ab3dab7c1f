//! `http-router`: a function of many routes is an `axum::Router`; a slash at the end is left out by tower-http's `NormalizePath`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::routing::{MethodFilter, any, on};
use pilaster::http::{Method, Path, Stack};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::Layer;
use tower_http::normalize_path::NormalizePathLayer;

use super::expectation::status_of;
use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, send};
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    routes: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    method: String,
    path: String,
}

fn routes(case: &Case) -> Result<Vec<Route>, Stop> {
    Ok(options::<Options>(super::only(case)?)?.routes)
}

/// The routes by axum's rules; `None` where it refuses them.
fn router(routes: &[Route], notes: &Notes) -> Option<Router> {
    let mut router = Router::new();
    for (index, Route { method, path }) in routes.iter().enumerate() {
        let notes = notes.clone();
        let noted = move |path: Option<Path<BTreeMap<String, String>>>| {
            notes.add(json!({ "route": index, "parameters": path.map(|path| path.0).unwrap_or_default() }));
            std::future::ready(())
        };
        let service = match method.as_str() {
            "ANY" => any(noted),
            method => on(MethodFilter::try_from(method.parse::<Method>().ok()?).ok()?, noted),
        };
        let rest = path.replace("{proxy+}", "{*proxy}");
        let trimmed = if rest == "/" { "/" } else { rest.trim_end_matches('/') };
        // A rest of the path has at least one letter; that of none is a route of its own.
        let paths = [Some(trimmed), trimmed.strip_suffix("/{*proxy}").filter(|path| !path.is_empty())];
        for path in paths.into_iter().flatten() {
            // A route that axum refuses is a panic, at start.
            router = catch_unwind(AssertUnwindSafe(|| router.route(path, service.clone()))).ok()?;
        }
    }
    Some(router)
}

pub(super) fn construct(case: &Case) -> Replay {
    only_these(&case.json["expect"], &["construct_error"])?;
    let refused = router(&routes(case)?, &Notes::default()).is_none();
    Ok(Compared { expected: json!({ "refused": true }), observed: json!({ "refused": refused }) })
}

pub(super) fn replay(case: &Case) -> Replay {
    let notes = Notes::default();
    let Some(router) = router(&routes(case)?, &notes) else { return unsupported("routes that axum refuses") };
    let expect = &case.json["expect"];
    only_these(expect, &["route_index", "path_parameters", "error"])?;
    let event = &case.json["event"];
    let (expected, event) = match (expect.get("route_index"), expect.get("error")) {
        (Some(index), _) => {
            let parameters = expect.get("path_parameters").cloned().unwrap_or_else(|| json!({}));
            (json!({ "status": 200, "routes": [{ "route": index, "parameters": parameters }] }), complete(event, "GET"))
        }
        (None, Some(error)) if error.get("statusCode").is_some() => {
            (json!({ "status": status_of(error)?, "routes": [] }), complete(event, "GET"))
        }
        // An event of no gateway: the case is about its missing fields.
        (None, Some(_)) => (json!({ "failed": true, "routes": [] }), event.clone()),
        (None, None) => return unsupported("an expectation of neither a route nor an error"),
    };
    let service = NormalizePathLayer::trim_trailing_slash().layer(router);
    let mut observed = match send(pilaster::http::service(service).layer(Stack::new()), &event) {
        Sent::Answer(answer) => json!({ "status": answer["statusCode"] }),
        Sent::Failed(_) => json!({ "failed": true }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["routes"] = Value::Array(notes.all());
    Ok(Compared { expected, observed })
}
