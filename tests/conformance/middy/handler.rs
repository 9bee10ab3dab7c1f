//! The handler of a case, as a user would write it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::http::{Body, HeaderName, HeaderValue, HttpError, IntoResponse, Json, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::errors::Raised;
use super::{options, present};
use crate::exchange::Notes;
use crate::{Stop, unsupported};

/// The handler of the case.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Kind {
    Return {
        value: Value,
    },
    ReturnNothing {},
    /// Returns its event, a part of it, or its context.
    Echo {
        what: String,
    },
    Throw {
        error: Option<Value>,
        #[serde(default, deserialize_with = "present")]
        value: Option<Value>,
    },
    Sleep {
        ms: u64,
        value: Value,
    },
    MustNotRun {},
    /// The chain has no handler.
    None {},
}

impl Kind {
    pub(super) fn read(handler: &Value) -> Result<Self, Stop> {
        match handler {
            Value::Null => unsupported("cases without a handler"),
            handler => options(handler),
        }
    }
}

/// The action of the handler.
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
    body: Arc<Content>,
}

enum Content {
    Nothing,
    Text(String),
    Bytes(Vec<u8>),
    Json(Value),
}

/// The form of a response that API Gateway takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Form {
    #[serde(default, deserialize_with = "present")]
    status_code: Option<Value>,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    body: Value,
    is_base64_encoded: Option<bool>,
}

impl Form {
    /// A value that has no part of a response is the body of a 200.
    fn read(value: &Value) -> Result<Self, Stop> {
        let is_response = ["statusCode", "headers", "body"].iter().any(|name| value.get(name).is_some());
        if is_response {
            return match value.get("multiValueHeaders").or(value.get("cookies")) {
                Some(_) => unsupported("a response in the form of one event source"),
                None => options(value),
            };
        }
        Ok(Self { status_code: None, headers: None, body: value.clone(), is_base64_encoded: None })
    }
}

impl Handler {
    pub(super) fn read(handler: &Value) -> Result<Self, Stop> {
        match Kind::read(handler)? {
            Kind::Return { value } => Ok(Self::Return(Prepared::read(&value)?)),
            Kind::ReturnNothing {} => Ok(Self::Return(Prepared::read(&Value::Null)?)),
            Kind::Echo { what } if what.starts_with("event") => Ok(Self::Echo),
            Kind::Echo { what } => unsupported(format!("a handler that returns its {what}")),
            Kind::Throw { error, value } => Ok(Self::Throw(Raised::read(error.as_ref(), value.as_ref())?)),
            Kind::MustNotRun {} => Ok(Self::MustNotRun),
            Kind::Sleep { .. } | Kind::None {} => unsupported("a handler that sleeps, or none"),
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
    pub(super) fn read(value: &Value) -> Result<Self, Stop> {
        let form = Form::read(value)?;
        if form.is_base64_encoded == Some(true) {
            return unsupported("a response in the form of one event source");
        }
        let status = form.status_code.as_ref().map_or(Some(200), Value::as_u64).unwrap_or(0);
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let Some(status) = status else { return unsupported("a response whose status is none") };
        let mut headers = Vec::new();
        for (name, value) in form.headers.iter().flatten() {
            let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok());
            let Some(pair) = name.parse().ok().zip(value) else {
                return unsupported("an invalid header of a response");
            };
            headers.push(pair);
        }
        Ok(Self { status, headers, body: Arc::new(Content::read(form.body)?) })
    }

    /// The same as the caller should get it.
    pub(super) fn expected(value: &Value) -> Result<Value, Stop> {
        let Form { status_code, headers: given, body, is_base64_encoded } = Form::read(value)?;
        let mut headers: Vec<_> = Vec::new();
        for (name, value) in given.iter().flatten() {
            let Some(value) = value.as_str() else { return unsupported("a response header that is not text") };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        if !matches!(body, Value::String(_) | Value::Null) && headers.iter().all(|(name, _)| name != "content-type") {
            // A value travels as JSON, and is labelled so.
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let mut expected = json!({
            "status": status_code.unwrap_or(json!(200)),
            "headers": crate::exchange::by_name(headers),
            "body": match body {
                Value::Null => json!(""),
                Value::Bool(_) | Value::Number(_) => json!(body.to_string()),
                body => body,
            },
        });
        if let Some(base64) = is_base64_encoded {
            expected["base64"] = json!(base64);
        }
        Ok(expected)
    }
}

impl Content {
    fn read(body: Value) -> Result<Self, Stop> {
        let encoded = body.as_object().filter(|body| body.len() == 1).and_then(|body| body.iter().next());
        Ok(match (encoded, &body) {
            (Some((name, bytes)), _) if name == "$bytes" => {
                match bytes.as_str().and_then(|text| STANDARD.decode(text).ok()) {
                    Some(bytes) => Self::Bytes(bytes),
                    None => return unsupported("bytes that are not base64"),
                }
            }
            (Some((name, _)), _) if name.starts_with('$') => {
                return unsupported(format!("a body of the form `{name}`"));
            }
            (_, Value::Null) => Self::Nothing,
            (_, Value::String(text)) => Self::Text(text.clone()),
            _ => Self::Json(body),
        })
    }
}

impl IntoResponse for Prepared {
    fn into_response(self) -> Response {
        let mut response = match &*self.body {
            Content::Nothing => Response::default(),
            Content::Text(text) => Response::new(Body::from(text.clone())),
            Content::Bytes(bytes) => Response::new(Body::from(bytes.clone())),
            Content::Json(value) => Json(value).into_response(),
        };
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
