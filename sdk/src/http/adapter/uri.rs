//! The URI of a request: its scheme and host out of the headers, or the source's own name for the API.

use std::net::Ipv6Addr;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Uri, header};

use super::refused::malformed;
use crate::http::adapter::event::ContextFields;
use crate::http::error::HttpError;

/// The maximum length of a URI in the `http` crate.
const URI_LIMIT: usize = u16::MAX as usize - 1;

/// The maximum length of a host name ([RFC 1035](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4)).
const HOST_LIMIT: usize = 255;

pub(super) fn uri(headers: &HeaderMap, target: String, context: &ContextFields<'_>) -> Result<Uri, HttpError> {
    if target.len() > URI_LIMIT {
        return Err(HttpError::new(http::StatusCode::URI_TOO_LONG, "the request URI is too long"));
    }
    let target = PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(|_| malformed("path or query"))?;
    let scheme = match headers.get("x-forwarded-proto") {
        None => Scheme::HTTPS,
        Some(proto) => scheme(proto).ok_or_else(|| malformed("header `x-forwarded-proto`"))?,
    };
    let authority = match headers.get(header::HOST) {
        // Empty, which HTTP/1.1 allows: the path alone.
        Some(host) if host.is_empty() => None,
        Some(host) => Some(host.to_str().ok().and_then(authority).ok_or_else(|| malformed("header `host`"))?),
        // The source's own name for the API: an invalid one is not the caller's mistake.
        None => context.domain_name.as_deref().and_then(authority),
    };
    let Some(authority) = authority else { return Ok(Uri::from(target)) };
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| malformed("header `host`"))
}

/// Validates a host name or address, with an optional port; no user, no empty name or port. The `http` crate alone
/// accepts `a:99999`, `[]x` and names of any length.
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

/// Returns the first item of a list, to which each proxy adds its own.
fn scheme(proto: &HeaderValue) -> Option<Scheme> {
    let first = proto.to_str().ok()?.split(',').next()?.trim();
    match first.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(Scheme::HTTPS),
        "http" | "ws" => Some(Scheme::HTTP),
        _ => None,
    }
}
