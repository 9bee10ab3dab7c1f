//! The handler of a case, as a user would write it.

use std::sync::Arc;

use pilaster::http::{Body, HeaderName, HeaderValue, HttpError, IntoResponse, Json, Response, StatusCode};
use serde_json::{Value, json};

use super::errors::Raised;
use crate::exchange::Notes;
use crate::{Stop, unsupported};

/// What the handler does with what it sees.
#[derive(Clone)]
pub(super) enum Handler {
    Return(Prepared),
    Echo,
    Throw(Raised),
    /// It should not have been called.
    MustNotRun,
}

/// A response that can be given many times.
#[derive(Clone)]
pub(super) struct Prepared {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Arc<Value>,
}

impl Handler {
    pub(super) fn read(handler: &Value) -> Result<Self, Stop> {
        match handler["kind"].as_str() {
            Some("return") => Ok(Self::Return(Prepared::read(&handler["value"])?)),
            Some("return_nothing") => Ok(Self::Return(Prepared::read(&Value::Null)?)),
            Some("echo") => Ok(Self::Echo),
            Some("throw") if handler["value"].get("$undefined").is_some() => unsupported("`throw undefined`"),
            Some("throw") => Ok(Self::Throw(Raised::read(handler)?)),
            Some("must_not_run") => Ok(Self::MustNotRun),
            Some(kind) => unsupported(format!("handlers of kind `{kind}`")),
            None => unsupported("cases without a handler"),
        }
    }

    /// Runs it on what it sees, and notes that.
    pub(super) fn run(&self, notes: &Notes, saw: Value) -> Result<Response, HttpError> {
        notes.add(saw.clone());
        match self {
            Self::Return(prepared) => Ok(prepared.clone().into_response()),
            Self::Echo => Ok(Json(saw).into_response()),
            Self::Throw(raised) => Err(raised.clone().into_error()),
            Self::MustNotRun => Ok(Response::default()),
        }
    }
}

impl Prepared {
    /// A value that has no part of a response is the body of a 200.
    pub(super) fn read(value: &Value) -> Result<Self, Stop> {
        let is_response = is_response(value);
        let status = value.get("statusCode").map_or(Some(200), Value::as_u64).unwrap_or(0);
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let Some(status) = status else { return unsupported("a response whose status is none") };
        let mut headers = Vec::new();
        for (name, value) in value["headers"].as_object().into_iter().flatten().filter(|_| is_response) {
            let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok());
            let Some(pair) = name.parse().ok().zip(value) else {
                return unsupported("a response's header that is no header");
            };
            headers.push(pair);
        }
        if is_response && (value.get("multiValueHeaders").is_some() || value.get("cookies").is_some()) {
            return unsupported("a response in the form of one event source");
        }
        let body = if is_response { value["body"].clone() } else { value.clone() };
        Ok(Self { status, headers, body: Arc::new(body) })
    }

    /// The same as the caller should get it.
    pub(super) fn expected(value: &Value) -> Value {
        let is_response = is_response(value);
        let body = if is_response { &value["body"] } else { value };
        let mut headers: Vec<_> = Vec::new();
        for (name, value) in value["headers"].as_object().into_iter().flatten().filter(|_| is_response) {
            headers.push((name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()));
        }
        if !matches!(body, Value::String(_) | Value::Null) && headers.iter().all(|(name, _)| name != "content-type") {
            // A value travels as JSON, and is labelled so.
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        json!({
            "status": value.get("statusCode").cloned().unwrap_or(json!(200)),
            "headers": crate::exchange::by_name(headers),
            "body": if body.is_null() { json!("") } else { body.clone() },
        })
    }
}

impl IntoResponse for Prepared {
    fn into_response(self) -> Response {
        let mut response = match &*self.body {
            Value::Null => Response::default(),
            Value::String(text) => Response::new(Body::from(text.clone())),
            value => Json(value).into_response(),
        };
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

fn is_response(value: &Value) -> bool {
    ["statusCode", "headers", "body"].iter().any(|name| value.get(name).is_some())
}
