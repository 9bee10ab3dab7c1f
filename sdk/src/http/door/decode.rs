//! From the event's text to an [`http::Request`].
//!
//! `lambda_http`'s own conversion panics on a malformed host, scheme or body and tries one source after the other, so the
//! request is built here; its context types are used as they are.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use axum_core::body::Body;
use axum_core::extract::DefaultBodyLimit;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::value::RawValue;

use super::signs::Signs;
use super::wire::{Pairs, Probe, Wire};
use super::{credentials, fault};
use crate::error::FunctionError;
use crate::event::{Incoming, PAYLOAD_LIMIT};
use crate::http::context::{BrokenPathParam, EventKind, EventParts, PathParams};
use crate::http::error::HttpError;

/// The longest URI that the `http` crate holds.
const URI_LIMIT: usize = u16::MAX as usize - 1;

/// The longest name of a host ([RFC 1035](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4)).
const HOST_LIMIT: usize = 255;

/// What may not stand in a path; `%` may, since the sources send what the caller escaped.
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#').add(b'?').add(b'{').add(b'}');
/// What may not stand in a raw query.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#');
/// What may not stand in the name or the value of a decoded query parameter.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An event that never becomes a request.
pub(super) enum Refused {
    /// It is of no HTTP source: the invocation fails.
    NotHttp(FunctionError),
    /// Its source is known, and one of its fields is wrong: the caller gets this.
    Malformed(EventKind, HttpError),
}

pub(super) fn decode(incoming: Incoming) -> Result<(EventKind, Request<Body>), Refused> {
    let text = incoming.event.get();
    // serde would take an array as the fields in their order.
    if !text.trim_start().starts_with('{') {
        return Err(not_http());
    }
    let wire = read_wire(text).map_err(|_| wrong_field(text, text, "", |text| read_wire(text).is_ok()))?;
    let context = wire.request_context.map_or("{}", RawValue::get);
    let probe = read_probe(context)
        .map_err(|_| wrong_field(text, context, "requestContext", |text| read_probe(text).is_ok()))?;
    let kind = Signs::of(&wire, &probe).kind().ok_or_else(not_http)?;
    let parts = EventParts {
        kind,
        context: wire.request_context.map(ToOwned::to_owned),
        stage_variables: owned(&wire.stage_variables),
    };
    let mut request = request(kind, wire, &probe).map_err(|error| Refused::Malformed(kind, error))?;
    request.extensions_mut().insert(parts);
    #[cfg(feature = "clients")]
    if let Some(clients) = incoming.invocation.clients() {
        request.extensions_mut().insert(clients.clone());
    }
    request.extensions_mut().insert(incoming.invocation);
    // A body is never larger than the event that it came in; a `DefaultBodyLimit` of the user's says otherwise.
    DefaultBodyLimit::max(PAYLOAD_LIMIT).apply(&mut request);
    Ok((kind, request))
}

// Not inlined: each is also asked for the parts of an event that is wrong.
#[inline(never)]
fn read_wire(text: &str) -> serde_json::Result<Wire<'_>> {
    serde_json::from_str(text)
}

#[inline(never)]
fn read_probe(text: &str) -> serde_json::Result<Probe<'_>> {
    serde_json::from_str(text)
}

fn not_http() -> Refused {
    Refused::NotHttp(FunctionError::new(
        "NotAnHttpEvent",
        "this function answers HTTP requests, and the event is none: it has neither `requestContext.http`, \
         `requestContext.elb`, `requestContext.connectionId`, `method` and `path`, nor `httpMethod` and `path`",
    ))
}

/// Names the field that has the wrong type: of the event, or of what lies `within` one of its fields.
fn wrong_field(event: &str, text: &str, within: &str, is_right: fn(&str) -> bool) -> Refused {
    let mut field = within.to_owned();
    for step in fault::path(text, is_right) {
        field.push_str(if field.is_empty() || step.starts_with('[') { "" } else { "." });
        field.push_str(&step);
    }
    // A step may be the name of a header, which is the caller's.
    let field = format!("field `{}`", field.chars().take(64).collect::<String>());
    match Signs::of_names(event).kind() {
        Some(kind) => Refused::Malformed(kind, malformed(&field)),
        None => not_http(),
    }
}

/// A 400 that names the part of the request and never repeats it.
fn malformed(part: &str) -> HttpError {
    HttpError::bad_request(format!("the request's {part} is malformed"))
}

fn request(kind: EventKind, mut wire: Wire<'_>, probe: &Probe<'_>) -> Result<Request<Body>, HttpError> {
    let method = method(kind, &wire, probe)?;
    let mut headers = headers(kind, &wire)?;
    let uri = uri(&headers, path_and_query(kind, &wire, probe), probe)?;
    let body = body(wire.body.0.take(), wire.is_base64_encoded.unwrap_or(false))?;
    let is_message = kind == EventKind::WebSocket && (probe.event_type.get() == Some("MESSAGE") || !body.is_empty());
    if is_message && !headers.contains_key(header::CONTENT_TYPE) {
        // A WebSocket frame has no media type; API Gateway itself routes by JSON. An empty one too, or the answer to a
        // message that is none would be about a media type that nobody can send.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    if !wire.path_parameters.0.is_empty() {
        match path_params(kind, &wire.path_parameters) {
            Ok(params) => drop(request.extensions_mut().insert(params)),
            Err(broken) => drop(request.extensions_mut().insert(broken)),
        }
    }
    Ok(request)
}

fn method(kind: EventKind, wire: &Wire<'_>, probe: &Probe<'_>) -> Result<Method, HttpError> {
    let name = match kind {
        EventKind::HttpApi => probe.http.as_ref().and_then(|http| http.method.get()),
        EventKind::VpcLattice | EventKind::VpcLatticeV1 => wire.method.get(),
        // Connecting is a GET with an upgrade; a message and the end of a connection have no method.
        EventKind::WebSocket if probe.event_type.get() == Some("CONNECT") => Some("GET"),
        EventKind::WebSocket => Some("POST"),
        EventKind::Rest | EventKind::Alb { .. } => wire.http_method.get(),
    };
    name.and_then(|name| Method::from_bytes(name.as_bytes()).ok()).ok_or_else(|| malformed("method"))
}

fn headers(kind: EventKind, wire: &Wire<'_>) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::try_with_capacity(wire.headers.0.len() + 2).map_err(|_| too_many_headers())?;
    let multi = wire.multi_value_headers.as_ref().map_or(&[][..], |pairs| &pairs.0);
    for (name, value) in multi {
        headers.try_append(header_name(name)?, header_value(name, value)?).map_err(|_| too_many_headers())?;
    }
    for (name, value) in &wire.headers.0 {
        let key = header_name(name)?;
        // The multi-value map repeats the single-value one. In a Lattice event an array has several values.
        if multi.is_empty() {
            headers.try_append(key, header_value(name, value)?).map_err(|_| too_many_headers())?;
        } else if !headers.contains_key(&key) {
            headers.try_insert(key, header_value(name, value)?).map_err(|_| too_many_headers())?;
        }
    }
    if kind == EventKind::HttpApi
        && let Some(cookies) = wire.cookies.as_ref().filter(|cookies| !cookies.is_empty())
    {
        let joined = cookies.iter().filter_map(|cookie| cookie.get()).collect::<Vec<_>>().join("; ");
        headers.try_insert(header::COOKIE, header_value("cookie", &joined)?).map_err(|_| too_many_headers())?;
    }
    credentials::mark(&mut headers);
    Ok(headers)
}

/// A `HeaderMap` holds 24,576 names.
fn too_many_headers() -> HttpError {
    HttpError::new(http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE).with_detail("the request has too many headers")
}

fn header_name(name: &str) -> Result<HeaderName, HttpError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed("header name"))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, HttpError> {
    // Not `from_str`: gateways pass bytes above 0x7F on.
    HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| malformed(&format!("header `{}`", name.chars().take(64).collect::<String>())))
}

/// The path without the stage, and the query, escaped as far as a URI needs it.
fn path_and_query(kind: EventKind, wire: &Wire<'_>, probe: &Probe<'_>) -> String {
    let path: Cow<'_, str> = match kind {
        EventKind::HttpApi => {
            let path = wire.raw_path.get().or(probe.http.as_ref().and_then(|http| http.path.get())).unwrap_or("/");
            Cow::Borrowed(without_stage(path, probe.stage.get()))
        }
        EventKind::VpcLatticeV1 => {
            // `raw_path` has the query in it.
            let raw = wire.lattice_raw_path.get().unwrap_or("/");
            Cow::Borrowed(raw.split_once('?').map_or(raw, |(path, _)| path))
        }
        EventKind::WebSocket => format!("/{}", probe.route_key.get().unwrap_or("$default")).into(),
        EventKind::VpcLattice => {
            let raw = wire.path.get().unwrap_or("/");
            Cow::Borrowed(raw.split_once('?').map_or(raw, |(path, _)| path))
        }
        EventKind::Rest | EventKind::Alb { .. } => Cow::Borrowed(wire.path.get().unwrap_or("/")),
    };
    let mut target = String::with_capacity(path.len() + 32);
    if !path.starts_with('/') {
        target.push('/');
    }
    target.extend(utf8_percent_encode(&path, PATH));
    match kind {
        EventKind::HttpApi if wire.raw_query_string.0.is_some() => {
            push_raw(&mut target, wire.raw_query_string.get().unwrap_or_default());
        }
        EventKind::VpcLatticeV1 | EventKind::VpcLattice => {
            let raw = wire.lattice_raw_path.get().or(wire.path.get()).unwrap_or_default();
            match raw.split_once('?') {
                Some((_, query)) => push_raw(&mut target, query),
                // Lattice passes the query as the caller escaped it.
                None if wire.query_string_parameters.0.is_empty() => {
                    push_pairs(&mut target, &wire.lattice_query, QUERY);
                }
                None => push_pairs(&mut target, &wire.query_string_parameters, QUERY),
            }
        }
        _ => {
            let multi = &wire.multi_value_query_string_parameters;
            let pairs = if multi.0.is_empty() { &wire.query_string_parameters } else { multi };
            // API Gateway decodes the parameters; a load balancer passes them on as they came.
            let set = if matches!(kind, EventKind::Alb { .. }) { QUERY } else { COMPONENT };
            push_pairs(&mut target, pairs, set);
        }
    }
    target
}

fn push_raw(target: &mut String, query: &str) {
    if !query.is_empty() {
        target.push('?');
        target.extend(utf8_percent_encode(query, QUERY));
    }
}

fn push_pairs(target: &mut String, pairs: &Pairs<'_>, set: &'static AsciiSet) {
    for (index, (name, value)) in pairs.0.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(utf8_percent_encode(name, set));
        target.push('=');
        target.extend(utf8_percent_encode(value, set));
    }
}

/// HTTP API puts a named stage before the path: `/prod/users` is `/users`.
fn without_stage<'p>(path: &'p str, stage: Option<&str>) -> &'p str {
    let Some(stage) = stage.filter(|stage| *stage != "$default") else { return path };
    match path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

fn uri(headers: &HeaderMap, target: String, probe: &Probe<'_>) -> Result<Uri, HttpError> {
    if target.len() > URI_LIMIT {
        return Err(HttpError::new(http::StatusCode::URI_TOO_LONG).with_detail("the request's URI is too long"));
    }
    let target = PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(|_| malformed("path or query"))?;
    let scheme = match headers.get("x-forwarded-proto") {
        None => Scheme::HTTPS,
        Some(proto) => scheme(proto).ok_or_else(|| malformed("header `x-forwarded-proto`"))?,
    };
    let authority = match headers.get(header::HOST) {
        // Empty, as HTTP/1.1 allows it: the path alone.
        Some(host) if host.is_empty() => None,
        Some(host) => Some(host.to_str().ok().and_then(authority).ok_or_else(|| malformed("header `host`"))?),
        // The source's own name for the API: not the caller's mistake, if it is no host.
        None => probe.domain_name.get().and_then(authority),
    };
    let Some(authority) = authority else { return Ok(Uri::from(target)) };
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| malformed("header `host`"))
}

/// A host name or address, maybe with a port; no user, no empty name or port. The `http` crate alone takes `a:99999`, `[]x`
/// and names of any length.
fn authority(text: &str) -> Option<Authority> {
    // An IPv6 address has colons too, and ends with a bracket.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_is_right = port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let host_is_right = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.len() <= HOST_LIMIT && !host.contains(['@', '[', ']']),
    };
    if port_is_right && host_is_right { text.parse().ok() } else { None }
}

/// The first of a list: several proxies each add theirs.
fn scheme(proto: &HeaderValue) -> Option<Scheme> {
    let first = proto.to_str().ok()?.split(',').next()?.trim();
    match first.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(Scheme::HTTPS),
        "http" | "ws" => Some(Scheme::HTTP),
        _ => None,
    }
}

fn body(body: Option<Cow<'_, str>>, base64: bool) -> Result<Bytes, HttpError> {
    let Some(text) = body else { return Ok(Bytes::new()) };
    if base64 {
        return STANDARD.decode(text.as_bytes()).map(Bytes::from).map_err(|_| malformed("body (it is not base64)"));
    }
    Ok(Bytes::from(text.into_owned()))
}

/// The parameters as the caller meant them: an HTTP API decodes them, the other sources do not.
fn path_params(kind: EventKind, pairs: &Pairs<'_>) -> Result<PathParams, BrokenPathParam> {
    if kind == EventKind::HttpApi {
        return Ok(PathParams(owned(pairs)));
    }
    let decode = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| match unescape(value) {
        Some(value) => Ok((name.clone().into_owned(), value)),
        None => Err(BrokenPathParam(name.chars().take(64).collect())),
    };
    pairs.0.iter().map(decode).collect::<Result<Vec<_>, _>>().map(PathParams)
}

/// Percent-decodes; `None` where an escape is broken or the result is not UTF-8.
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
