//! Errors as middy's handlers throw them, and `http-error-handler` as rules of Pilaster's `ErrorLayer`.

use pilaster::http::{Body, ErrorLayer, HeaderName, HeaderValue, HttpError, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Logger, options};
use crate::layers::Thrown;
use crate::{Stop, unsupported};

/// The error that a handler throws.
#[derive(Clone)]
pub(super) enum Raised {
    /// An error that is meant for the caller.
    Shown(HttpError),
    /// Any other error.
    Hidden(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Error {
    /// A class of JavaScript.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default)]
    message: String,
    status_code: Option<u16>,
    expose: Option<bool>,
    #[serde(default)]
    headers: Map<String, Value>,
}

impl Raised {
    /// An error, or another value, which is as opaque as any error.
    pub(super) fn read(error: Option<&Value>, value: Option<&Value>) -> Result<Self, Stop> {
        let error: Error = match (error, value) {
            (Some(error), None) => options(error)?,
            (None, Some(value)) if value.get("$undefined").is_none() => return Ok(Self::Hidden(value.to_string())),
            _ => return unsupported("`throw undefined`"),
        };
        let Some(status) = error.status_code.filter(|status| error.expose.unwrap_or(*status < 500)) else {
            return Ok(Self::Hidden(error.message));
        };
        let Some(status) = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 400) else {
            return unsupported("an error whose status is none of an error");
        };
        // A 5xx never shows its detail; what is meant to be seen is a member.
        let mut shown = match status.is_server_error() {
            true => HttpError::from_status(status).with_member("message", error.message),
            false => HttpError::new(status, error.message),
        };
        for (name, value) in &error.headers {
            let value = value.as_str().and_then(|text| HeaderValue::from_str(text).ok());
            let Some((name, value)) = name.parse::<HeaderName>().ok().zip(value) else {
                return unsupported("an invalid header of an error");
            };
            shown = shown.with_header(name, value);
        }
        Ok(Self::Shown(shown))
    }

    pub(super) fn into_error(self) -> HttpError {
        match self {
            Self::Shown(error) => error,
            Self::Hidden(message) => Thrown(message).into(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    /// A callback of the user's stands for a subscriber, which every function has; off is a subscriber of a higher level.
    #[serde(rename = "logger")]
    _logger: Option<Logger>,
    fallback_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logging {
    logger: Option<Logger>,
}

/// `error-logger`: a callback of the user's stands for a subscriber, which every function has.
pub(super) fn logger(config: &Value) -> Result<(), Stop> {
    let Logging { logger } = options(config)?;
    match logger {
        None | Some(Logger::Callback(_) | Logger::Off(true)) => Ok(()),
        Some(Logger::Off(false)) => unsupported("failures that are not logged"),
    }
}

/// middy's plain text in place of problem details.
pub(super) fn layer(config: &Value) -> Result<ErrorLayer, Stop> {
    let Options { fallback_message, .. } = options(config)?;
    Ok(ErrorLayer::new().render_with(move |error| {
        let shown = match error.status().is_server_error() {
            true => error.members().get("message").and_then(Value::as_str),
            false => error.detail(),
        };
        let mut response = Response::default();
        *response.status_mut() = error.status();
        if let Some(message) = shown.or(fallback_message.as_deref()).filter(|message| !message.is_empty()) {
            let structured = message.starts_with(['{', '[']);
            let media_type = if structured { "application/json" } else { "text/plain" };
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            *response.body_mut() = Body::from(message.to_owned());
        }
        response
    }))
}
