//! Fetches a document of an issuer by HTTPS: bounded in time and size, without redirects.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::clients::{Clients, Tls};
use crate::core::env;
use crate::core::error::BoxError;

/// The maximum size of a document, in bytes.
const LARGEST: usize = 1024 * 1024;

pub(super) struct Document {
    pub(super) body: Bytes,
    /// `max-age` of its `Cache-Control`.
    pub(super) max_age: Option<Duration>,
}

/// Fetches a document.
///
/// # Errors
///
/// The connection failed, the status is not 200, or the document is larger than 1 MiB.
pub(super) async fn fetch(url: &str) -> Result<Document, BoxError> {
    let url = checked(url)?;
    let tls = Clients::global().get::<Tls>().await?;
    // A fetch every few minutes has no use for a pool, whose connections die with a frozen sandbox.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(tls.connect(None));
    let request = Request::get(url)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "pilaster")
        .body(Empty::<Bytes>::new())?;
    let response = client.request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("the issuer responded with the status {}", response.status().as_u16()).into());
    }
    let max_age = max_age(response.headers());
    let body = Limited::new(response.into_body(), LARGEST).collect().await;
    let body = body.map_err(|_| "the document of the issuer ended early, or is larger than 1 MiB")?.to_bytes();
    Ok(Document { body, max_age })
}

/// Parses a URL that may be fetched: `https`, or `http` of this machine, or in a process with `AWS_ENDPOINT_URL`.
///
/// # Errors
///
/// The end of a sentence that begins with the name of the URL.
pub(super) fn checked(url: &str) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "is not a URL")?;
    let host = uri.host().ok_or("is not a URL")?;
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_loopback(host) || env::is_set("AWS_ENDPOINT_URL") => Ok(uri),
        _ => Err("must be an `https` URL"),
    }
}

/// Returns `true` for a host of a URL that is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Reads `max-age` ([RFC 9111, 5.2.2.1](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.1)).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get_all(header::CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
    let mut ages = directives.flat_map(|value| value.split(',')).filter_map(|directive| {
        let (name, seconds) = directive.trim().split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| seconds.trim_matches('"').parse().ok())?
    });
    ages.next().map(Duration::from_secs)
}
