//! The local run of an HTTP function: it listens on `127.0.0.1:3000` (or on `PILASTER_ADDR`).
//!
//! It accepts only requests to this machine: see [`Hosts`]. Each request becomes the event of an HTTP API (payload
//! 2.0), is decoded by the same adapter as on Lambda, and the response is sent as HTTP. Each request is one line on
//! standard output.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum_core::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_runtime::StreamResponse;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::files::claims;
use super::hosts::Hosts;
use super::{invocation, print};
use crate::core::env;
use crate::core::error::BoxError;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::raw::RawService;
use crate::core::raw::{Chunks, Incoming, RawEvent};
use crate::core::signals::Signals;
use crate::http::HttpError;
use crate::http::adapter::synthesize::{event, matches};

/// The maximum time of an invocation, the time-out of API Gateway.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The server, whose port is open.
pub(crate) struct Server {
    listener: std::net::TcpListener,
    hosts: Hosts,
}

impl Server {
    /// Opens the port.
    pub(super) fn bind() -> Result<Self, BoxError> {
        // A mistake is reported before the first request.
        claims()?;
        let address = env::var("PILASTER_ADDR").unwrap_or_else(|| "127.0.0.1:3000".to_owned());
        let hosts = Hosts::new(&address, env::var("PILASTER_HOSTS").as_deref());
        let bound = std::net::TcpListener::bind(&address);
        let listener = bound.map_err(|error| {
            format!("cannot listen on {address} ({error}); set PILASTER_ADDR to another `host:port`")
        })?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, hosts })
    }

    /// Serves the function until Ctrl-C.
    pub(super) async fn serve<S: RawService>(self, raw: S, routes: Vec<&'static str>) -> Result<(), BoxError> {
        let hosts: &'static Hosts = Box::leak(Box::new(self.hosts));
        let listener = TcpListener::from_std(self.listener)?;
        let here = listener.local_addr()?;
        // Before the line that says it.
        let interrupt = Signals::interrupt()?;
        print(format_args!("listening on http://{here} (Ctrl-C stops)"));
        for route in &routes {
            print(format_args!("  {route}"));
        }
        let routes: &'static [&'static str] = routes.leak();
        tokio::select! {
            () = accept(listener, raw, routes, hosts) => Ok(()),
            stopped = interrupt.received() => Ok(stopped?),
        }
    }
}

async fn accept<S: RawService>(listener: TcpListener, raw: S, routes: &'static [&'static str], hosts: &'static Hosts) {
    loop {
        // A connection that breaks while it is accepted is not an error of the server.
        let Ok((stream, peer)) = listener.accept().await else {
            // Too many files may be open, so the next attempt waits.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let raw = raw.clone();
        let service = hyper::service::service_fn(move |request| respond(raw.clone(), routes, hosts, peer, request));
        tokio::spawn(async move {
            let mut http = hyper::server::conn::http1::Builder::new();
            let served = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
            if let Err(error) = served {
                tracing::debug!(%error, "the connection ended");
            }
        });
    }
}

async fn respond<S: RawService>(
    mut raw: S,
    routes: &'static [&'static str],
    hosts: &'static Hosts,
    peer: SocketAddr,
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Body>, Infallible> {
    let started = Instant::now();
    let line = format!("{} {}", request.method(), request.uri());
    if !hosts.allow(&request) {
        print(format_args!("{line} 421: the host is not allowed; add it to PILASTER_HOSTS"));
        return Ok(problem(&misdirected()).map(Body::new));
    }
    let is_routed = routes.is_empty() || {
        let (method, path) = (request.method().as_str(), request.uri().path());
        // A preflight request matches a route of any method.
        let fits = |route: &str| match method {
            "OPTIONS" if request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) => {
                matches(route.split_once(' ').map_or(route, |(_, path)| path), method, path)
            }
            _ => matches(route, method, path),
        };
        routes.iter().any(|route| fits(route).is_some())
    };
    if !is_routed {
        // API Gateway responds so without calling the function.
        print(format_args!("{line} 404: no such route"));
        return Ok(problem(&HttpError::not_found("no such route")).map(Body::new));
    }
    let invoked = async {
        let incoming = incoming(request, routes, peer).await?;
        std::future::poll_fn(|cx| raw.poll_ready(cx)).await?;
        match raw.call(incoming).await?.into_content() {
            Ok(json) => Ok(serde_json::from_str::<ProxyResponse>(json.get())?.into_http()?.map(Body::new)),
            Err(stream) => streamed(*stream),
        }
    };
    let invoked: Result<_, BoxError> = match tokio::time::timeout(TIMEOUT, invoked).await {
        Ok(response) => response,
        Err(_) => Err(format!("no response within {TIMEOUT:?}, the longest time that API Gateway waits").into()),
    };
    let response = invoked.unwrap_or_else(|error| failed(&error).map(Body::new));
    // A function that verifies tokens itself does not read them.
    let hint = match lacks_claims(&response) && !env::is_set("PILASTER_JWT_ISSUER") && matches!(claims(), Ok(None)) {
        true => "; set the claims of a JWT in PILASTER_CLAIMS, see --help",
        false => "",
    };
    print(format_args!("{line} {} {:.1?}{hint}", response.status().as_u16(), started.elapsed()));
    Ok(response)
}

/// Returns `true` for a 401 whose challenge has no parameters: those of a layer that verifies tokens name an error or the
/// metadata of the resource.
fn lacks_claims(response: &Response<Body>) -> bool {
    let challenge = response.headers().get(header::WWW_AUTHENTICATE);
    response.status() == StatusCode::UNAUTHORIZED && challenge.is_none_or(|challenge| challenge == "Bearer")
}

/// Returns the response whose prelude and chunks the Runtime API would get.
fn streamed(response: StreamResponse<Chunks>) -> Result<Response<Body>, BoxError> {
    let StreamResponse { metadata_prelude: prelude, stream } = response;
    let mut response = Response::new(Body::from_stream(stream));
    *response.status_mut() = prelude.status_code;
    *response.headers_mut() = prelude.headers;
    for cookie in prelude.cookies {
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie)?);
    }
    Ok(response)
}

fn misdirected() -> HttpError {
    HttpError::new(
        StatusCode::MISDIRECTED_REQUEST,
        "use `localhost` or a loopback address; set PILASTER_HOSTS to allow other hosts",
    )
}

/// The error of an event that exceeds the limit: a binary body is a third longer in it, as base64.
#[derive(Debug)]
struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event is larger than the limit")
    }
}

impl std::error::Error for TooLarge {}

fn problem(error: &HttpError) -> Response<Full<Bytes>> {
    error.render().map(Full::from)
}

/// Returns the response of API Gateway when the invocation fails. The reason is printed on standard error.
fn failed(error: &BoxError) -> Response<Full<Bytes>> {
    if error.is::<http_body_util::LengthLimitError>() || error.is::<TooLarge>() {
        return problem(&HttpError::payload_too_large("the request is larger than the 6 MB limit of Lambda"));
    }
    let _ = writeln!(io::stderr(), "{}", crate::core::error::chain(&**error).join(": "));
    problem(&HttpError::from_status(StatusCode::BAD_GATEWAY))
}

async fn incoming(
    request: Request<hyper::body::Incoming>,
    routes: &[&'static str],
    peer: SocketAddr,
) -> Result<Incoming, BoxError> {
    let invocation = invocation(TIMEOUT)?;
    let (parts, body) = request.into_parts();
    let body = Limited::new(Body::new(body), PAYLOAD_LIMIT).collect().await?.to_bytes();
    let mut event = event(&parts, &body, routes, peer, invocation.request_id());
    if let Some(claims) = claims()? {
        event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
    }
    let event = event.to_string();
    if event.len() > PAYLOAD_LIMIT {
        return Err(Box::new(TooLarge));
    }
    Ok(Incoming { event: RawEvent::parse(event)?, invocation })
}

/// The response of an HTTP API, payload 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse {
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl ProxyResponse {
    fn into_http(self) -> Result<Response<Full<Bytes>>, BoxError> {
        let body = match self.is_base64_encoded {
            true => STANDARD.decode(&self.body)?,
            false => self.body.into_bytes(),
        };
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status_code)?;
        for (name, value) in &self.headers {
            let value = value.as_str().unwrap_or_default();
            // hyper sets the length of the body.
            if !name.eq_ignore_ascii_case("content-length") {
                response.headers_mut().append(HeaderName::try_from(name)?, HeaderValue::from_bytes(value.as_bytes())?);
            }
        }
        for cookie in &self.cookies {
            response.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie)?);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "mcp")]
    mod closed;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::http::{Path, Uri};

    /// Returns the response of the server to a request with this head.
    async fn response_to(address: SocketAddr, head: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    async fn served(hosts: Hosts, routes: &'static [&'static str]) -> SocketAddr {
        async fn file(uri: Uri, Path(name): Path<String>) -> String {
            format!("{} is {name}", uri.path())
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hosts = Box::leak(Box::new(hosts));
        tokio::spawn(accept(listener, crate::handler(file).into_service().unwrap(), routes, hosts));
        address
    }

    #[test]
    fn a_function_that_verifies_tokens_itself_does_not_lack_claims() {
        for (status, challenge, expected) in [
            (401, None, true),
            (401, Some("Bearer"), true),
            (
                401,
                Some("Bearer resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\""),
                false,
            ),
            (401, Some("Bearer error=\"invalid_token\""), false),
            (403, None, false),
        ] {
            let response = Response::builder().status(status);
            let response =
                challenge.into_iter().fold(response, |response, value| response.header("www-authenticate", value));
            assert_eq!(lacks_claims(&response.body(Body::empty()).unwrap()), expected, "{status} {challenge:?}");
        }
    }

    #[tokio::test]
    async fn a_request_to_another_host_is_a_421_before_the_function_is_called() {
        let address = served(Hosts::new("127.0.0.1:3000", Some("api.example.com")), &["GET /files/{name}"]).await;
        for (host, status) in [
            ("localhost", 200),
            (&*address.to_string(), 200),
            ("api.example.com:3000", 200),
            ("evil.example", 421),
            ("localhost.evil.example", 421),
            ("192.0.2.7:3000", 421),
        ] {
            let response = response_to(address, &format!("GET /files/a HTTP/1.1\r\nhost: {host}")).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {response}");
            assert!(status == 200 || !response.contains(host), "{response}");
        }
        let response = response_to(address, "GET http://evil.example/files/a HTTP/1.1\r\nhost: localhost").await;
        assert!(response.starts_with("HTTP/1.1 421 "), "{response}");
        let response = response_to(address, "GET /nowhere HTTP/1.1\r\nhost: evil.example").await;
        assert!(response.starts_with("HTTP/1.1 421 "), "{response}");
    }

    #[tokio::test]
    async fn only_a_preflight_request_matches_a_route_of_another_method() {
        let address = served(Hosts::new("127.0.0.1:3000", None), &["GET /files/{name}"]).await;
        let response = response_to(address, "OPTIONS /files/a HTTP/1.1\r\nhost: localhost").await;
        assert!(response.starts_with("HTTP/1.1 404 ") && response.contains("no such route"), "{response}");
        let preflight = "OPTIONS /files/a HTTP/1.1\r\nhost: localhost\r\norigin: https://a.example\r\naccess-control-request-method: GET";
        assert!(!response_to(address, preflight).await.contains("no such route"));
    }

    #[tokio::test]
    async fn a_path_reaches_the_function_as_it_was_sent() {
        let address = served(Hosts::new("127.0.0.1:3000", None), &["GET /files/{name}"]).await;
        let response = response_to(address, "GET /files/50%2525%20a HTTP/1.1\r\nhost: localhost").await;
        assert!(response.ends_with("/files/50%2525%20a is 50%25 a"), "{response}");
    }
}
