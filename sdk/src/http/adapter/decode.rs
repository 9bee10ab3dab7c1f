//! Converts the event's text to an [`http::Request`].
//!
//! `lambda_http`'s own conversion panics on a malformed host, scheme or body and tries one source after the other, so
//! the request is built here; its context types are used as they are.

use std::borrow::Cow;

use axum_core::body::Body;
use axum_core::extract::DefaultBodyLimit;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use super::path::path_and_query;
use super::refused::malformed;
use super::uri::uri;
use crate::core::error::FunctionError;
use crate::core::json::members::{Members, member};
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::raw::{Incoming, RawEvent};
use crate::core::source::Markers;
use crate::http::adapter::detect::{HttpSource, markers};
use crate::http::adapter::event::{ContextFields, EventFields, Pairs};
use crate::http::adapter::locate;
use crate::http::credentials;
use crate::http::error::HttpError;
use crate::http::extract::context::{BrokenPathParam, ContextText, EventKind, EventParts, EventPath, PathParams};

/// The error of an event that never becomes a request.
pub(super) enum Undecodable {
    /// It is not of an HTTP source: the invocation fails.
    NotHttp(FunctionError),
    /// Its source is known, and one of its fields is malformed: the client gets this error.
    Malformed(HttpSource, HttpError),
}

pub(super) fn decode(incoming: &Incoming) -> Result<(HttpSource, Request<Body>), Undecodable> {
    let text = incoming.event.get();
    // serde would accept an array as the fields in their order.
    if !text.trim_start().starts_with('{') {
        return Err(not_http());
    }
    let event = read_event(text).map_err(|_| wrong_field(text, text, "", |text| read_event(text).is_ok()))?;
    let no_members = Members::default();
    let context = ContextFields::of(event.request_context.as_ref().unwrap_or(&no_members)).map_err(|_| {
        let context = member(text, "requestContext").map_or("{}", RawValue::get);
        let is_right = |text: &str| serde_json::from_str(text).and_then(|members| ContextFields::of(&members)).is_ok();
        wrong_field(text, context, "requestContext", is_right)
    })?;
    let source = HttpSource::of(&markers(&event, &context)).ok_or_else(not_http)?;
    let mut parts = EventParts {
        kind: source.kind,
        context: event.request_context.as_ref().map(|members| ContextText::within(&incoming.event, members)),
        path: EventPath::default(),
        stage_variables: owned(&event.stage_variables),
    };
    #[cfg(feature = "lambda-http")]
    let unchanged = crate::http::extract::context::AsInEvent {
        was_base64: event.is_base64_encoded.unwrap_or(false),
        had_body: event.body.is_some(),
        path: event.raw_path.as_deref().or(event.path.as_deref()).unwrap_or_default().to_owned(),
        path_parameters: owned(&event.path_parameters),
    };
    let mut request = request(source, &incoming.event, event, &context, &mut parts.path)
        .map_err(|error| Undecodable::Malformed(source, error))?;
    request.extensions_mut().insert(parts);
    #[cfg(feature = "lambda-http")]
    request.extensions_mut().insert(unchanged);
    #[cfg(feature = "clients")]
    if let Some(clients) = crate::Clients::replaced(&incoming.invocation) {
        request.extensions_mut().insert(clients.clone());
    }
    request.extensions_mut().insert(incoming.invocation.clone());
    // A body is never larger than its event; a `DefaultBodyLimit` of the user's overrides this.
    DefaultBodyLimit::max(PAYLOAD_LIMIT).apply(&mut request);
    Ok((source, request))
}

// Not inlined: it also finds the parts of a malformed event.
#[inline(never)]
fn read_event(text: &str) -> serde_json::Result<EventFields<'_>> {
    serde_json::from_str(text)
}

fn not_http() -> Undecodable {
    Undecodable::NotHttp(FunctionError::new(
        "NotAnHttpEvent",
        "unexpected event: this function handles HTTP requests, and the event has neither `requestContext.http`, \
         `requestContext.elb`, `requestContext.connectionId`, `method` and `path`, nor `httpMethod` and `path`",
    ))
}

/// Names the field of the wrong type: of the event, or of the value `within` one of its fields.
fn wrong_field(event: &str, text: &str, within: &str, is_right: fn(&str) -> bool) -> Undecodable {
    let mut field = within.to_owned();
    for step in locate::path(text, is_right) {
        field.push_str(if field.is_empty() || step.starts_with('[') { "" } else { "." });
        field.push_str(&step);
    }
    // A step may be the name of a header, which comes from the client.
    let field = format!("field `{}`", &field[..field.floor_char_boundary(64)]);
    match HttpSource::of(&Markers::read(event, |_, _| {})) {
        Some(source) => Undecodable::Malformed(source, malformed(&field)),
        None => not_http(),
    }
}

fn request(
    source: HttpSource,
    raw: &RawEvent,
    mut event: EventFields<'_>,
    context: &ContextFields<'_>,
    path: &mut EventPath,
) -> Result<Request<Body>, HttpError> {
    let kind = source.kind;
    let method = method(kind, &event, context)?;
    let mut headers = headers(kind, raw, &event)?;
    let (target, event_path) = path_and_query(source, &event, context);
    let uri = uri(&headers, target, context)?;
    *path = event_path;
    let body = body(raw, event.body.0.take(), event.is_base64_encoded.unwrap_or(false))?;
    let is_message =
        kind == EventKind::WebSocket && (context.event_type.as_deref() == Some("MESSAGE") || !body.is_empty());
    if is_message && !headers.contains_key(header::CONTENT_TYPE) {
        // A WebSocket frame has no media type; an empty one counts as JSON, too.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    if !event.path_parameters.0.is_empty() {
        match path_params(kind, &event.path_parameters) {
            Ok(params) => drop(request.extensions_mut().insert(params)),
            Err(broken) => drop(request.extensions_mut().insert(broken)),
        }
    }
    Ok(request)
}

fn method(kind: EventKind, event: &EventFields<'_>, context: &ContextFields<'_>) -> Result<Method, HttpError> {
    let name = match kind {
        EventKind::HttpApi => context.http.as_ref().and_then(|http| http.method.as_deref()),
        EventKind::VpcLattice | EventKind::VpcLatticeV1 => event.method.as_deref(),
        // Connecting is a GET with an upgrade; a message and the end of a connection have no method.
        EventKind::WebSocket if context.event_type.as_deref() == Some("CONNECT") => Some("GET"),
        EventKind::WebSocket => Some("POST"),
        EventKind::Rest | EventKind::HttpApiV1 | EventKind::Alb { .. } => event.http_method.as_deref(),
    };
    name.and_then(|name| Method::from_bytes(name.as_bytes()).ok()).ok_or_else(|| malformed("method"))
}

fn headers(kind: EventKind, raw: &RawEvent, event: &EventFields<'_>) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::try_with_capacity(event.headers.0.len() + 2).map_err(|_| too_many_headers())?;
    let multi = event.multi_value_headers.as_ref().map_or(&[][..], |pairs| &pairs.0);
    for (name, value) in multi {
        headers.try_append(header_name(name)?, header_value(raw, name, value)?).map_err(|_| too_many_headers())?;
    }
    for (name, value) in &event.headers.0 {
        let key = header_name(name)?;
        // The multi-value map repeats the single-value one. In a Lattice event an array has several values.
        if multi.is_empty() {
            headers.try_append(key, header_value(raw, name, value)?).map_err(|_| too_many_headers())?;
        } else if !headers.contains_key(&key) {
            headers.try_insert(key, header_value(raw, name, value)?).map_err(|_| too_many_headers())?;
        }
    }
    if kind == EventKind::HttpApi
        && let Some(cookies) = event.cookies.as_ref().filter(|cookies| !cookies.is_empty())
    {
        let joined = cookies.iter().filter_map(|cookie| cookie.as_deref()).collect::<Vec<_>>().join("; ");
        if !joined.is_empty() {
            headers
                .try_insert(header::COOKIE, header_value(raw, "cookie", &joined)?)
                .map_err(|_| too_many_headers())?;
        }
    }
    join_cookies(&mut headers)?;
    credentials::mark(&mut headers);
    Ok(headers)
}

/// Joins the cookies of one request, which HTTP/2 and HTTP/3 may split into several fields ([RFC
/// 9113](https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3)).
fn join_cookies(headers: &mut HeaderMap) -> Result<(), HttpError> {
    let mut fields = headers.get_all(header::COOKIE).iter();
    let (Some(first), Some(second)) = (fields.next(), fields.next()) else { return Ok(()) };
    let all = [first, second].into_iter().chain(fields).map(HeaderValue::as_bytes);
    let joined = all.filter(|cookies| !cookies.is_empty()).collect::<Vec<_>>().join(&b"; "[..]);
    let joined = HeaderValue::from_maybe_shared(Bytes::from(joined)).map_err(|_| malformed("header `cookie`"))?;
    headers.insert(header::COOKIE, joined);
    Ok(())
}

/// Returns the error of more than the 24,576 names that a `HeaderMap` holds.
fn too_many_headers() -> HttpError {
    HttpError::new(http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the request has too many headers")
}

/// The names that every request through a gateway has and the `http` crate does not, so that they are not copied.
const BY_THE_GATEWAY: [HeaderName; 4] = [
    HeaderName::from_static("x-amzn-trace-id"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
];

fn header_name(name: &str) -> Result<HeaderName, HttpError> {
    if name.starts_with(['x', 'X'])
        && let Some(known) = BY_THE_GATEWAY.iter().find(|known| known.as_str().eq_ignore_ascii_case(name))
    {
        return Ok(known.clone());
    }
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed("header name"))
}

/// The maximum length of an event whose headers share its text: a value that the function keeps would keep a large body.
const SHARED: usize = 16 * 1024;

fn header_value(raw: &RawEvent, name: &str, value: &str) -> Result<HeaderValue, HttpError> {
    let value = match raw.get().len() {
        ..=SHARED => raw.share(value).into_bytes(),
        _ => Bytes::copy_from_slice(value.as_bytes()),
    };
    // Not `from_str`: gateways pass bytes above 0x7F on.
    HeaderValue::from_maybe_shared(value)
        .map_err(|_| malformed(&format!("header `{}`", name.chars().take(64).collect::<String>())))
}

fn body(raw: &RawEvent, body: Option<Cow<'_, str>>, base64: bool) -> Result<Bytes, HttpError> {
    let Some(text) = body else { return Ok(Bytes::new()) };
    if base64 {
        let decoded = STANDARD.decode(text.as_bytes()).ok().or_else(|| unwrapped(&text));
        return decoded.map(Bytes::from).ok_or_else(|| malformed("body (it is not base64)"));
    }
    Ok(match text {
        Cow::Borrowed(text) => raw.share(text).into_bytes(),
        Cow::Owned(text) => text.into(),
    })
}

/// Decodes base64 that is broken into lines, as in MIME ([RFC
/// 2045](https://www.rfc-editor.org/rfc/rfc2045#section-6.8)).
#[cold]
fn unwrapped(text: &str) -> Option<Vec<u8>> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    text.bytes().any(|byte| is_break(&byte)).then_some(())?;
    STANDARD.decode(text.bytes().filter(|byte| !is_break(byte)).collect::<Vec<_>>()).ok()
}

/// Returns the decoded parameters: an HTTP API decodes them, the other sources do not.
fn path_params(kind: EventKind, pairs: &Pairs<'_>) -> Result<PathParams, BrokenPathParam> {
    if matches!(kind, EventKind::HttpApi | EventKind::HttpApiV1) {
        return Ok(PathParams(owned(pairs)));
    }
    let decode = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| match unescape(value) {
        Some(value) => Ok((name.clone().into_owned(), value)),
        None => Err(BrokenPathParam(name.chars().take(64).collect())),
    };
    pairs.0.iter().map(decode).collect::<Result<Vec<_>, _>>().map(PathParams)
}

/// Percent-decodes; returns `None` for a broken escape or a result that is not UTF-8.
fn unescape(value: &str) -> Option<String> {
    let bytes = value.as_bytes();
    let whole = |at: usize| {
        bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit) && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit)
    };
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !whole(at)) {
        return None;
    }
    percent_decode_str(value).decode_utf8().ok().map(Cow::into_owned)
}

fn owned(pairs: &Pairs<'_>) -> Vec<(String, String)> {
    pairs.0.iter().map(|(name, value)| (name.clone().into_owned(), value.clone().into_owned())).collect()
}
