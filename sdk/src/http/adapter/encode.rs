//! Converts the [`http::Response`] to the JSON of the event source.
//!
//! `lambda_http`'s conversion is private and fills both header forms for a load balancer, so each source's form is
//! written here: multi-value headers for REST and ALB in that mode, `cookies` for HTTP API and function URL, joined
//! headers elsewhere.

use std::borrow::Cow;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::core::error::FunctionError;
use crate::http::extract::context::EventKind;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse<'a> {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Joined<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<Multi<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Cookies<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Content<'a>>,
    is_base64_encoded: bool,
}

/// The body as text, or the bytes that are sent in base64. They are encoded where they are written: a large body has no
/// second copy.
enum Content<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Binary(bytes) => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
        }
    }
}

/// Encodes the body as text if it is text, in base64 otherwise.
pub(super) fn encode(kind: EventKind, parts: &Parts, body: &[u8]) -> Result<Box<RawValue>, FunctionError> {
    match text(&parts.headers, body) {
        Some(text) => write(kind, parts, Content::Text(text)),
        None => encode_as_base64(kind, parts, body),
    }
}

/// Encodes the body in base64.
pub(super) fn encode_as_base64(kind: EventKind, parts: &Parts, body: &[u8]) -> Result<Box<RawValue>, FunctionError> {
    write(kind, parts, Content::Binary(body))
}

fn write(kind: EventKind, parts: &Parts, body: Content<'_>) -> Result<Box<RawValue>, FunctionError> {
    let (headers, status) = (&parts.headers, parts.status);
    let is_base64_encoded = matches!(body, Content::Binary(_));
    // An empty body is not a message: nothing is sent to the client.
    let is_sent = kind != EventKind::WebSocket || !matches!(body, Content::Text("") | Content::Binary([]));
    let mut response = ProxyResponse {
        status_code: status.as_u16(),
        status_description: None,
        headers: None,
        multi_value_headers: None,
        cookies: None,
        body: is_sent.then_some(body),
        is_base64_encoded,
    };
    match kind {
        EventKind::Rest | EventKind::HttpApiV1 => response.multi_value_headers = Some(Multi(headers)),
        EventKind::HttpApi => {
            response.headers = Some(Joined { headers, set_cookie: SetCookie::Apart });
            // Always present: cargo-lambda's emulator rejects a response without it.
            response.cookies = Some(Cookies(headers));
        }
        EventKind::Alb { multi_value } => {
            let reason = status.canonical_reason().unwrap_or("Unknown");
            response.status_description = Some(format!("{} {reason}", status.as_u16()));
            match multi_value {
                true => response.multi_value_headers = Some(Multi(headers)),
                false => response.headers = Some(Joined { headers, set_cookie: SetCookie::ByCase }),
            }
        }
        EventKind::VpcLattice | EventKind::VpcLatticeV1 | EventKind::WebSocket => {
            response.headers = Some(Joined { headers, set_cookie: SetCookie::ByCase });
        }
    }
    to_raw_value(&response).map_err(|error| {
        FunctionError::new("ResponseNotEncoded", "the response could not be encoded").with_source(error)
    })
}

/// Returns the body as text if it is text: valid UTF-8 without a `Content-Encoding`. Its media type does not matter,
/// and every source sends the same bytes for it.
fn text<'b>(headers: &HeaderMap, body: &'b [u8]) -> Option<&'b str> {
    let is_encoded = |coding: &HeaderValue| !coding.as_bytes().eq_ignore_ascii_case(b"identity");
    match body.is_empty() {
        true => Some(""),
        false if headers.get_all(header::CONTENT_ENCODING).iter().any(is_encoded) => None,
        false => std::str::from_utf8(body).ok(),
    }
}

/// Returns a header's value as text: bytes that are not UTF-8 are replaced, as a JSON string cannot hold them.
fn value(value: &HeaderValue) -> Cow<'_, str> {
    // The replacement reads a text of several bytes more slowly.
    std::str::from_utf8(value.as_bytes()).map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed)
}

/// The encoding of `Set-Cookie`, whose values cannot be joined.
#[derive(Clone, Copy)]
enum SetCookie {
    /// As a list, `cookies`.
    Apart,
    /// Each under another spelling of the name: header names are case-insensitive, the keys of a JSON object are not.
    ByCase,
}

/// `{"name": "value, value"}`.
struct Joined<'a> {
    headers: &'a HeaderMap,
    set_cookie: SetCookie,
}

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for name in self.headers.keys() {
            if name == header::SET_COOKIE {
                if let SetCookie::ByCase = self.set_cookie {
                    for (index, cookie) in self.headers.get_all(name).iter().enumerate() {
                        map.serialize_entry(&spelling(name, index), &value(cookie))?;
                    }
                }
                continue;
            }
            let mut values = self.headers.get_all(name).iter();
            let first = values.next().map(value).unwrap_or_default();
            match values.next() {
                None => map.serialize_entry(name.as_str(), &first)?,
                Some(second) => {
                    let rest = std::iter::once(second).chain(values).map(value);
                    let joined = std::iter::once(first).chain(rest).collect::<Vec<_>>().join(", ");
                    map.serialize_entry(name.as_str(), &joined)?;
                }
            }
        }
        map.end()
    }
}

/// Returns the `index`-th spelling of a header's name: the bits of `index` select the capitals.
fn spelling(name: &HeaderName, index: usize) -> String {
    let mut bit = 0;
    let spell = |letter: char| match letter.is_ascii_alphabetic() {
        false => letter,
        true => {
            let capital = index >> bit & 1 == 1;
            bit += 1;
            if capital { letter.to_ascii_uppercase() } else { letter }
        }
    };
    name.as_str().chars().map(spell).collect()
}

/// `{"name": ["value", "value"]}`.
struct Multi<'a>(&'a HeaderMap);

impl Serialize for Multi<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Values<'a>(http::header::GetAll<'a, HeaderValue>);
        impl Serialize for Values<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.iter().map(value))
            }
        }
        serializer.collect_map(self.0.keys().map(|name| (name.as_str(), Values(self.0.get_all(name)))))
    }
}

/// `["a=1", "b=2"]`.
struct Cookies<'a>(&'a HeaderMap);

impl Serialize for Cookies<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for cookie in self.0.get_all(header::SET_COOKIE) {
            seq.serialize_element(&value(cookie))?;
        }
        seq.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;
    use serde_json::{Value, json};

    fn encoded(kind: EventKind, response: http::response::Builder, body: &[u8]) -> Value {
        let (parts, ()) = response.body(()).unwrap().into_parts();
        serde_json::from_str(encode(kind, &parts, body).unwrap().get()).unwrap()
    }

    fn two_cookies() -> http::response::Builder {
        Response::builder().header("set-cookie", "a=1").header("set-cookie", "b=2").header("x", "1").header("x", "2")
    }

    #[test]
    fn http_api_has_its_cookies_apart() {
        let response = encoded(EventKind::HttpApi, two_cookies(), b"");
        assert_eq!(response["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(response["headers"], json!({ "x": "1, 2" }));
    }

    #[test]
    fn rest_has_every_value_in_multi_value_headers() {
        let response = encoded(EventKind::Rest, two_cookies(), b"");
        assert_eq!(response["multiValueHeaders"], json!({ "set-cookie": ["a=1", "b=2"], "x": ["1", "2"] }));
    }

    #[test]
    fn a_load_balancer_without_multi_value_headers_loses_no_cookie() {
        let response = encoded(EventKind::Alb { multi_value: false }, two_cookies(), b"");
        assert_eq!(response["headers"], json!({ "set-cookie": "a=1", "Set-cookie": "b=2", "x": "1, 2" }));
        assert_eq!(response["statusDescription"], "200 OK");
    }

    #[test]
    fn a_web_socket_gets_no_empty_message() {
        assert!(encoded(EventKind::WebSocket, Response::builder(), b"").get("body").is_none());
        assert_eq!(encoded(EventKind::WebSocket, Response::builder(), b"a")["body"], "a");
        assert_eq!(encoded(EventKind::Rest, Response::builder(), b"")["body"], "");
    }

    #[test]
    fn a_body_that_is_utf_8_and_not_compressed_is_text_whatever_its_type() {
        for kind in ["application/x-yaml", "application/toml", "application/jwt", "application/vnd.x", "image/svg+xml"]
        {
            let response =
                encoded(EventKind::Rest, Response::builder().header("content-type", kind), "a: ü".as_bytes());
            assert_eq!((&response["body"], &response["isBase64Encoded"]), (&json!("a: ü"), &json!(false)), "{kind}");
        }
        for coding in ["identity", "Identity"] {
            let plain = Response::builder().header("content-encoding", coding);
            assert_eq!(encoded(EventKind::Rest, plain, b"abc")["isBase64Encoded"], false);
        }
        let png = Response::builder().header("content-type", "image/png");
        assert_eq!(encoded(EventKind::Rest, png, b"\x89PNG")["body"], "iVBORw==");
        let latin = Response::builder().header("content-type", "text/plain; charset=iso-8859-1");
        assert_eq!(encoded(EventKind::Rest, latin, b"\xE9")["isBase64Encoded"], true);
        for codings in [&["gzip"][..], &["identity", "br"], &["x"]] {
            let compressed =
                codings.iter().fold(Response::builder(), |r, coding| r.header("content-encoding", *coding));
            assert_eq!(encoded(EventKind::Rest, compressed, b"abc")["isBase64Encoded"], true, "{codings:?}");
        }
    }
}
