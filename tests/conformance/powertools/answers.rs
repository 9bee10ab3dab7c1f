//! The response of a route's handler, as a user's handler returns it.

use std::time::{Duration, SystemTime};

use axum_extra::extract::cookie;
use base64::Engine as _;
use pilaster::http::{Body, Bytes, HeaderName, HeaderValue, IntoResponse, Json, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::raised::Raise;
use crate::{Stop, unsupported};

/// The handler of a route.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handler {
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) returns: Option<Value>,
    pub(super) tuple: Option<(Value, u16)>,
    pub(super) response: Option<Answer>,
    pub(super) bytes: Option<String>,
    pub(super) raise: Option<Raise>,
}

/// `null` is a value here, too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A whole response.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    #[serde(alias = "statusCode", alias = "status_code")]
    status: u16,
    content_type: Option<String>,
    body: Option<Value>,
    /// A map in Python, a list of pairs in TypeScript.
    headers: Option<Value>,
    #[serde(default)]
    cookies: Vec<Cookie>,
    pub(super) compress: Option<bool>,
}

/// A cookie, in the words of Powertools' class; axum-extra writes it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cookie {
    name: String,
    value: String,
    path: Option<String>,
    domain: Option<String>,
    /// Of UTC, without an offset.
    expires: Option<String>,
    max_age: Option<i64>,
    #[serde(default)]
    http_only: bool,
    secure: Option<bool>,
    same_site: Option<String>,
    #[serde(default)]
    custom_attributes: Vec<String>,
}

impl Handler {
    /// A registration without a handler.
    pub(super) fn default_one() -> Self {
        let returns = Some(serde_json::json!({ "ok": true }));
        Self { name: None, returns, tuple: None, response: None, bytes: None, raise: None }
    }

    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("handler")
    }

    /// The response, where it raises nothing.
    pub(super) fn answer(&self, params: &Map<String, Value>, status: Option<u16>, typescript: bool) -> Response {
        let mut response = if let Some(answer) = &self.response {
            let typed =
                typescript && answer.content_type.is_none() && answer.body.as_ref().is_some_and(Value::is_string);
            let mut response = answer.clone().into_response();
            // A text is plain text by default, as a `String` is in Rust.
            if typed && !response.headers().contains_key(header::CONTENT_TYPE) {
                let text = String::new().into_response();
                response.headers_mut().extend(text.headers().clone());
            }
            response
        } else if let Some((value, status)) = &self.tuple {
            (code(*status), Json(value)).into_response()
        } else if let Some(bytes) = &self.bytes {
            Bytes::from(base64::engine::general_purpose::STANDARD.decode(bytes).unwrap_or_default()).into_response()
        } else {
            match &self.returns {
                Some(Value::String(text)) if !typescript => text.clone().into_response(),
                Some(value) => Json(value).into_response(),
                // A handler that only has a name returns its parameters.
                None if self.name.is_some() => Json(params).into_response(),
                None => Json(serde_json::json!({ "ok": true })).into_response(),
            }
        };
        if let Some(status) = status {
            *response.status_mut() = code(status);
        }
        response
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl Answer {
    /// Checks that Rust's types can express it.
    pub(super) fn check(&self) -> Result<(), Stop> {
        if self.pairs().is_none() {
            return unsupported("an invalid response header");
        }
        for cookie in &self.cookies {
            cookie.header()?;
        }
        match &self.body {
            Some(Value::Object(body)) if body.keys().any(|name| name.starts_with('$')) => {
                unsupported("a response body of another type")
            }
            None | Some(Value::Null | Value::String(_) | Value::Object(_) | Value::Array(_)) => Ok(()),
            Some(_) => unsupported("a response body of another type"),
        }
    }

    /// The body's text.
    pub(super) fn text(&self) -> String {
        match &self.body {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        }
    }

    fn pairs(&self) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let mut texts: Vec<(String, &Value)> = Vec::new();
        match &self.headers {
            None => {}
            Some(Value::Object(map)) => {
                for (name, value) in map {
                    match value {
                        Value::Array(values) => texts.extend(values.iter().map(|value| (name.clone(), value))),
                        value => texts.push((name.clone(), value)),
                    }
                }
            }
            Some(Value::Array(pairs)) => {
                for pair in pairs {
                    texts.push((pair[0].as_str()?.to_owned(), &pair[1]));
                }
            }
            Some(_) => return None,
        }
        let pair = |(name, value): &(String, &Value)| Some((name.parse().ok()?, value.as_str()?.parse().ok()?));
        texts.iter().map(pair).collect()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = match &self.body {
            None | Some(Value::Null) => Response::default(),
            Some(Value::String(text)) => Response::new(Body::from(text.clone())),
            Some(value) => Json(value).into_response(),
        };
        *response.status_mut() = code(self.status);
        if let Some(value) = self.content_type.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            response.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        let mut replaced = Vec::new();
        for (name, value) in self.pairs().unwrap_or_default() {
            // The first of a name replaces what is there; a list of them adds up.
            if !replaced.contains(&name) {
                response.headers_mut().remove(&name);
                replaced.push(name.clone());
            }
            response.headers_mut().append(name, value);
        }
        for cookie in &self.cookies {
            if let Ok(value) = cookie.header() {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

impl Cookie {
    /// The header, written by axum-extra's `Cookie`.
    pub(super) fn header(&self) -> Result<HeaderValue, Stop> {
        let mut cookie = cookie::Cookie::build((self.name.clone(), self.value.clone()));
        if let Some(path) = &self.path {
            cookie = cookie.path(path.clone());
        }
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain.clone());
        }
        if let Some(expires) = &self.expires {
            let Some(seconds) = super::seconds_since_1970(expires) else {
                return unsupported("a cookie with an invalid expiry");
            };
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            cookie = cookie.expires(cookie::Expiration::DateTime(at.into()));
        }
        // An age below zero takes the cookie away at once.
        if let Some(age) = self.max_age.map(|age| Duration::from_secs(age.try_into().unwrap_or(0)).try_into()) {
            let Ok(age) = age else { return unsupported("a cookie of such an age") };
            cookie = cookie.max_age(age);
        }
        match self.same_site.as_deref() {
            None => {}
            Some("Strict") => cookie = cookie.same_site(cookie::SameSite::Strict),
            Some("Lax") => cookie = cookie.same_site(cookie::SameSite::Lax),
            Some("None") => cookie = cookie.same_site(cookie::SameSite::None),
            Some(other) => return unsupported(format!("a cookie with `SameSite={other}`")),
        }
        match self.custom_attributes.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => {}
            ["Partitioned"] => cookie = cookie.partitioned(true),
            _ => return unsupported("attributes of a cookie that have no meaning"),
        }
        // Both are left out where they are off.
        let secure = self.secure.unwrap_or(true);
        if secure {
            cookie = cookie.secure(true);
        }
        if self.http_only {
            cookie = cookie.http_only(true);
        }
        HeaderValue::from_str(&cookie.build().to_string())
            .or_else(|_| unsupported("a cookie that is not a valid header"))
    }
}
