//! The attributes of a request in its invocation's span, by
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server>; never its query, its headers or its
//! body.

use std::borrow::Cow;

use axum_core::body::Body;
use http::{Method, Request, StatusCode, header};
use serde::Deserialize;

use crate::http::extract::context::EventParts;
use crate::observe::traces::span;

/// Records the request.
pub(super) fn began(request: &Request<Body>) {
    if !span::is_sampled() {
        return;
    }
    let method = known(request.method());
    let route = route(request);
    match &route {
        Some(route) => span::set_name(format!("{method} {route}")),
        None => span::set_name(if method == "_OTHER" { "HTTP".to_owned() } else { method.to_owned() }),
    }
    span::set_attribute("http.request.method", method.to_owned());
    span::set_attribute("url.path", request.uri().path().to_owned());
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    for (key, value) in [
        ("http.route", route),
        ("url.scheme", request.uri().scheme_str().map(str::to_owned)),
        ("server.address", request.uri().host().map(str::to_owned)),
        ("user_agent.original", header(header::USER_AGENT)),
    ] {
        if let Some(value) = value {
            span::set_attribute(key, value);
        }
    }
}

/// Records the response.
pub(super) fn ended(status: StatusCode) {
    if !span::is_sampled() {
        return;
    }
    span::set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span::set_failed(status.as_str());
    }
}

/// Replaces an unknown method by `_OTHER`: clients can invent methods, and the number of names must be bounded.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::HEAD | Method::OPTIONS => {
            method.as_str()
        }
        _ => "_OTHER",
    }
}

/// Returns the matched route of API Gateway.
fn route(request: &Request<Body>) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Context<'a> {
        /// REST: `/users/{id}`
        #[serde(borrow)]
        resource_path: Option<Cow<'a, str>>,
        /// HTTP: `GET /users/{id}`, or `$default`, which is not one; WebSocket: a name.
        #[serde(borrow)]
        route_key: Option<Cow<'a, str>>,
    }
    let context = request.extensions().get::<EventParts>()?.context.as_ref()?;
    let context = serde_json::from_str::<Context<'_>>(context.get()).ok()?;
    let of_http = |key: Cow<'_, str>| key.split_once(' ').map(|(_, path)| path.to_owned());
    context.resource_path.map(Cow::into_owned).or_else(|| context.route_key.and_then(of_http))
}
