//! [`Json`]: a body of JSON as a typed value, and a typed value as a response.
//!
//! | the request | the answer |
//! |---|---|
//! | `Content-Type` is neither `application/json` nor `application/*+json`, or missing | 415 |
//! | `Content-Encoding` is not `identity`: the body is compressed | 415 |
//! | the body is larger than the limit (6 MB) | 413 |
//! | the body is empty, not UTF-8 or not JSON; nested deeper than 128; a number beyond `f64` | 400 |
//! | the body is JSON and no `T` | 422, with a JSON Pointer to the field |
//!
//! Edge cases are serde's: of two equal keys a struct refuses the second (422) and a map keeps it; unknown fields are
//! ignored unless `T` denies them; an integer that does not fit its type is a 422; a struct also takes an array of its fields
//! in their order. A body is UTF-8, whatever `charset` its `Content-Type` names.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{HttpError, Json};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct NewUser { email: String }
//! #[derive(Serialize)]
//! struct User { id: u32, email: String }
//!
//! async fn create(Json(new): Json<NewUser>) -> Result<Json<User>, HttpError> {
//!     Ok(Json(User { id: 1, email: new.email }))
//! }
//! # let _ = create;
//! ```

use std::ops::{Deref, DerefMut};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, OptionalFromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Body as _;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::core::json::{pointer, push_step};
use crate::http::error::HttpError;
use crate::http::extract::content_encoding::refuse_coded;
use crate::http::extract::context::{EventKind, EventParts};
use crate::http::extract::serde_message::without_values;
use crate::http::rejection::{FieldError, Rejection};

/// A typed value as JSON: extractor and response. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> Json<T> {
    /// Reads a `T` from JSON text, with the same rejections as the extractor.
    ///
    /// # Errors
    ///
    /// 400 where it is not JSON, 422 where it is and is no `T`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Rejection> {
        // serde_json would look only at the text that `T` asks for.
        let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new(StatusCode::BAD_REQUEST, NOT_UTF8))?;
        // Tracking the path costs time: only a body that is wrong pays for it.
        serde_json::from_str(text).map(Self).map_err(|error| reject::<T>(text, &error))
    }
}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        if !is_json(request.headers()) {
            return Err(not_json());
        }
        refuse_coded(request.headers())?;
        Self::from_bytes(&Bytes::from_request(request, state).await?)
    }
}

impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// `None` where there is neither a `Content-Type` nor a body, and for an empty message of a WebSocket, which has no media type.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Rejection> {
        let kind = request.extensions().get::<EventParts>().map(|event| event.kind);
        if kind == Some(EventKind::WebSocket) && request.body().is_end_stream() {
            return Ok(None);
        }
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return <Self as FromRequest<S>>::from_request(request, state).await.map(Some);
        }
        let bytes = Bytes::from_request(request, state).await?;
        if bytes.is_empty() { Ok(None) } else { Err(not_json()) }
    }
}

fn not_json() -> Rejection {
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be JSON: send `Content-Type: application/json`")
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return false };
    if value == "application/json" {
        return true;
    }
    let mime = value.to_str().ok().and_then(|text| text.parse::<mime::Mime>().ok());
    mime.is_some_and(|mime| {
        mime.type_() == mime::APPLICATION && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
    })
}

const NOT_UTF8: &str = "the body is not JSON: it is not UTF-8";

fn reject<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> Rejection {
    // The first mistake may be of shape and a later one of syntax: text that is not JSON is a 400 in any case.
    if !is_of_shape(error) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        let detail = match text.trim_ascii().is_empty() {
            true => "the body is empty, where JSON is expected".to_owned(),
            false => format!("the body is not JSON: line {}, column {}", error.line(), error.column()),
        };
        return Rejection::new(StatusCode::BAD_REQUEST, detail);
    }
    let deserializer = &mut serde_json::Deserializer::from_str(text);
    let (mut at, text) = match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Err(error) => (pointer(error.path()), error.inner().to_string()),
        Ok(_) => (String::new(), error.to_string()),
    };
    // Both are found at the object around the field.
    let named = text.strip_prefix("missing field `").or(text.strip_prefix("duplicate field `"));
    if let Some(field) = named.and_then(|rest| rest.split('`').next()) {
        push_step(&mut at, field);
    }
    Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "the body does not have the expected form")
        .with_field(FieldError::new(at, without_values(&text)))
}

/// Whether the text may be JSON all the same. serde_json takes it for a mistake of syntax where a value is none that an enum
/// has, an array is longer than a tuple, or a key is no number.
fn is_of_shape(error: &serde_json::Error) -> bool {
    let message = error.to_string();
    error.is_data()
        || ["expected value", "trailing characters", "invalid value: expected key"]
            .iter()
            .any(|m| message.starts_with(m))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let mut response = Response::new(Body::from(body));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => HttpError::internal(error).into_response(),
        }
    }
}

impl<T> Deref for Json<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Order {
        items: Vec<Item>,
        #[serde(default)]
        color: Option<Color>,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Item {
        amount: u8,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Color {
        Red,
    }

    fn rejected(body: &str) -> (u16, String, String) {
        let rejection = Json::<Order>::from_bytes(body.as_bytes()).unwrap_err();
        let field = rejection.fields().first().cloned().unwrap_or_else(|| FieldError::new("", ""));
        (rejection.status().as_u16(), field.pointer().to_owned(), field.detail().to_owned())
    }

    fn told(body: &str, pointer: &str, detail: &str) {
        assert_eq!(rejected(body), (422, pointer.to_owned(), detail.to_owned()));
    }

    #[tokio::test]
    async fn an_optional_body_is_absent_where_a_web_socket_sent_an_empty_message() {
        for (kind, body, there) in [
            (EventKind::WebSocket, "", Some(false)),
            (EventKind::WebSocket, "1", Some(true)),
            (EventKind::HttpApi, "", None),
        ] {
            let mut request = Request::new(Body::from(body));
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request.extensions_mut().insert(EventParts { kind, context: None, stage_variables: Vec::new() });
            let found = <Json<u8> as OptionalFromRequest<()>>::from_request(request, &()).await;
            assert_eq!(found.ok().map(|found| found.is_some()), there, "{kind:?} {body}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_a_400() {
        for body in ["", " ", "{", "nul", "{\"items\":[]} x", "\u{feff}{}", "{\"items\": \"x\", broken", "[1e999]"] {
            assert_eq!(rejected(body).0, 400, "{body}");
        }
        assert_eq!(rejected(&"[".repeat(100_000)).0, 400, "too deep");
    }

    #[test]
    fn text_that_is_not_utf_8_is_a_400_wherever_it_stands() {
        #[derive(Debug, Deserialize)]
        struct Small {
            #[allow(dead_code)]
            id: u8,
        }
        for body in
            [&b"{\"id\":1,\"note\":\"\xFF\"}"[..], b"{\"id\":1,\"\xFF\":1}", b"{\"id\":1} \xFF", b"{\"id\":\"\xFF\"}"]
        {
            let rejection = Json::<Small>::from_bytes(body).unwrap_err();
            assert_eq!(rejection.status(), 400, "{body:?}");
            assert!(Json::<serde::de::IgnoredAny>::from_bytes(body).is_err(), "{body:?}");
        }
        assert!(Json::<Small>::from_bytes("{\"id\":1,\"note\":\"é\"}".as_bytes()).is_ok());
    }

    #[test]
    fn json_of_the_wrong_shape_points_at_the_field_and_repeats_nothing() {
        told(
            r#"{"items":[{"amount":1},{"amount":"hunter2"}]}"#,
            "/items/1/amount",
            "expected an integer from 0 to 255, got a string",
        );
        told(r#"{"items":[{"amount":256}]}"#, "/items/0/amount", "expected an integer from 0 to 255");
        told(r#"{"items":[{}]}"#, "/items/0/amount", "is missing");
        told(r#"{"items":[],"color":"hunter2"}"#, "/color", "expected `red`");
        let (status, _, detail) = rejected(r#"{"items":[],"hunter2":1}"#);
        assert_eq!(status, 422);
        assert!(!detail.contains("hunter2"), "{detail}");
        told(r#"{"items":[],"items":[]}"#, "/items", "occurs twice");
        told(
            r#"{"items":[{"amount":"x, expected hunter2"}]}"#,
            "/items/0/amount",
            "expected an integer from 0 to 255, got a string",
        );
        told(r#"{"items":[],"color":"x`, expected `hunter2"}"#, "/color", "expected `red`");
    }

    #[test]
    fn json_of_the_wrong_shape_is_a_422_where_serde_json_blames_the_syntax() {
        told(r#"{"items":[],"color":5}"#, "/color", "is none of the accepted values");
        let detail = |rejection: Rejection| (rejection.status().as_u16(), rejection.fields()[0].detail().to_owned());
        let long = Json::<(u8, u8)>::from_bytes(b"[1,2,3]").unwrap_err();
        assert_eq!(detail(long), (422, "has too many elements".to_owned()));
        let key = Json::<std::collections::BTreeMap<u8, u8>>::from_bytes(br#"{"a":1}"#).unwrap_err();
        assert_eq!(detail(key), (422, "has a key that is no number".to_owned()));
    }

    #[test]
    fn a_key_of_the_callers_does_not_make_a_long_answer() {
        type Nested = std::collections::BTreeMap<String, std::collections::BTreeMap<String, u8>>;
        let body = format!(r#"{{"a~/b":{{"{}":"x"}}}}"#, "k".repeat(100_000));
        let rejection = Json::<Nested>::from_bytes(body.as_bytes()).unwrap_err();
        assert_eq!(rejection.fields()[0].pointer(), "/a~0~1b");
    }

    #[tokio::test]
    async fn a_compressed_body_is_a_415() {
        for (coding, status) in [("gzip", 415), ("identity, br", 415), ("", 200), ("Identity", 200)] {
            let request = http::Request::builder().header("content-type", "application/json");
            let request = request.header("content-encoding", coding).body(Body::from("1")).unwrap();
            let got = <Json<u8> as FromRequest<()>>::from_request(request, &()).await;
            assert_eq!(got.map_or_else(|r| r.status().as_u16(), |_| 200), status, "{coding}");
        }
    }

    #[tokio::test]
    async fn the_content_type_decides_before_the_body() {
        for (content_type, status) in [
            ("application/json", 200),
            ("Application/JSON; charset=utf-8", 200),
            ("application/vnd.api+json", 200),
            ("text/json", 415),
            ("application/jsonx", 415),
            ("", 415),
        ] {
            let request = http::Request::builder().header("content-type", content_type).body(Body::from("1")).unwrap();
            let got = <Json<u8> as FromRequest<()>>::from_request(request, &()).await;
            assert_eq!(got.map_or_else(|r| r.status().as_u16(), |_| 200), status, "{content_type}");
        }
    }
}
