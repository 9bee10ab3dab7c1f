//! The request that goes through the layers in place of one that could not be decoded, so that its response has their
//! headers: CORS needs the `Origin`, compression `Accept-Encoding`. It has as much of the event as can be decoded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::ready;

use axum_core::body::Body;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::value::RawValue;

use crate::core::error::BoxError;
use crate::core::json::text::Text;
use crate::core::raw::Incoming;
use crate::http::error::HttpError;
use crate::http::extract::context::{ContextText, EventKind, EventParts, EventPath};

/// Returns a 400 that names the part of the request and never repeats its value.
pub(super) fn malformed(part: &str) -> HttpError {
    HttpError::bad_request(format!("the request's {part} is malformed"))
}

/// The members of an object; the last one of a repeated name.
type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

pub(super) fn request(incoming: &Incoming, kind: EventKind) -> Request<Body> {
    let event = members(Some(incoming.event.get()));
    let context = event.get("requestContext").map(|raw| raw.get());
    // A layer that reads it gets an error, and not an empty body.
    let unread = || Err::<&str, BoxError>("the request could not be decoded".into());
    let mut request = Request::new(Body::from_stream(stream::once(ready(unread()))));
    *request.method_mut() = method(&event, context).unwrap_or(Method::POST);
    *request.headers_mut() = headers(&event);
    let parts = EventParts {
        kind,
        context: context.and_then(ContextText::parse),
        stage_variables: Vec::new(),
        path: EventPath::default(),
    };
    request.extensions_mut().insert(parts);
    #[cfg(feature = "clients")]
    if let Some(clients) = crate::Clients::replaced(&incoming.invocation) {
        request.extensions_mut().insert(clients.clone());
    }
    request.extensions_mut().insert(incoming.invocation.clone());
    request
}

fn members(text: Option<&str>) -> Members<'_> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(raw.get()).ok().map(|Text(text)| text)
}

/// Returns the method, by any of the names that sources have for it.
fn method(event: &Members<'_>, context: Option<&str>) -> Option<Method> {
    let context = members(context);
    let http = members(context.get("http").map(|raw| raw.get()));
    let raw = event.get("httpMethod").or(event.get("method")).or(http.get("method"))?;
    Method::from_bytes(text(raw)?.as_bytes()).ok()
}

/// Returns the well-formed headers, those with several values first. `Debug` does not print credentials among them.
fn headers(event: &Members<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in ["multiValueHeaders", "headers"] {
        let known = headers.clone();
        for (name, values) in members(event.get(name).map(|raw| raw.get())) {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
            let list = serde_json::from_str::<Vec<&RawValue>>(values.get());
            for value in list.unwrap_or_else(|_| vec![values]).into_iter().filter_map(text) {
                let Ok(mut value) = HeaderValue::from_bytes(value.as_bytes()) else { continue };
                value.set_sensitive(true);
                if !known.contains_key(&name) && headers.try_append(name.clone(), value).is_err() {
                    return headers;
                }
            }
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;
    use crate::core::invocation::Invocation;

    fn refused(event: &Value) -> Request<Body> {
        let event = crate::RawEvent::parse(event.to_string()).unwrap();
        let invocation = Invocation::new(lambda_runtime::Context::default());
        request(&Incoming { event, invocation }, EventKind::Rest)
    }

    #[test]
    fn what_is_well_formed_is_kept() {
        let request = refused(&json!({
            "httpMethod": "OPTIONS",
            "headers": { "origin": "https://a.example", "bad name": "x", "x-bad": "a\nb", "x-odd": 5, "x": "1" },
            "multiValueHeaders": { "x": ["1", "2", 3], "y": null },
            "requestContext": { "domainName": "d" },
        }));
        assert_eq!(request.method(), Method::OPTIONS);
        assert_eq!(request.headers()["origin"], "https://a.example");
        assert_eq!(request.headers().get_all("x").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(request.headers().keys().count(), 2);
        let parts = request.extensions().get::<EventParts>().unwrap();
        assert_eq!(parts.context.as_ref().unwrap().get(), r#"{"domainName":"d"}"#);
        assert!(!format!("{:?}", request.headers()).contains("a.example"));
    }

    #[tokio::test]
    async fn its_body_cannot_be_read() {
        for event in [json!({}), json!({ "headers": 5, "requestContext": [], "body": "x" })] {
            let request = refused(&event);
            assert_eq!(request.method(), Method::POST);
            assert!(request.into_body().collect().await.is_err());
        }
    }
}
