//! `ws-router`: the adapter of a WebSocket API gives a message its route key as path, so the router is axum's.

use axum::Router;
use axum::routing::any;
use pilaster::http::Stack;
use serde::Deserialize;
use serde_json::json;

use super::expectation::status_of;
use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete_web_socket, send};
use crate::{Compared, Replay, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    routes: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Route {
    route_key: String,
}

pub(super) fn replay(case: &Case) -> Replay {
    let options: Options = options(super::only(case)?)?;
    only_these(&case.json["expect"], &["route_index", "error"])?;
    let notes = Notes::default();
    let mut router = Router::new();
    for (index, route) in options.routes.iter().enumerate() {
        if route.route_key.starts_with([':', '*']) || route.route_key.contains(['/', '{', '}']) {
            return unsupported("a route key that is a pattern of axum's");
        }
        let notes = notes.clone();
        let noted = move || {
            notes.add(json!(index));
            std::future::ready(())
        };
        router = router.route(&format!("/{}", route.route_key), any(noted));
    }
    let expect = &case.json["expect"];
    let (expected, event) = match (expect.get("route_index"), expect.get("error")) {
        (Some(index), _) => (json!({ "routes": [index], "status": 200 }), complete_web_socket(&case.json["event"])),
        (None, Some(error)) if case.json.pointer("/event/requestContext/routeKey").is_some() => {
            (json!({ "routes": [], "status": status_of(error)? }), complete_web_socket(&case.json["event"]))
        }
        // An event that is not a message: the case is about its missing fields.
        (None, Some(_)) => (json!({ "routes": [], "failed": true }), case.json["event"].clone()),
        (None, None) => return unsupported("an expectation of neither a route nor an error"),
    };
    let mut observed = match send(pilaster::http::service(router).layer(Stack::new()), &event) {
        Sent::Answer(answer) => json!({ "status": answer["statusCode"] }),
        Sent::Failed(_) => json!({ "failed": true }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["routes"] = json!(notes.all());
    Ok(Compared { expected, observed })
}
