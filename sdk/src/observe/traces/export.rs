//! [`Export`]: sends spans to their destination.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use lambda_runtime_api_client::PooledClient;
use lambda_runtime_api_client::body::Body;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use tokio::net::UdpSocket;

use super::captured::CapturedSpans;
use super::otlp::{Encoder, encoder};
use crate::core::error::BoxError;

/// The destination of spans.
pub(super) enum Export {
    /// A collector that takes OTLP over HTTP.
    Otlp(Box<Otlp>, Encoder),
    /// The X-Ray daemon.
    XRay(String, Encoder),
    /// A test.
    Captured(CapturedSpans, Resource),
    Nowhere,
}

pub(super) struct Otlp {
    client: PooledClient,
    address: Uri,
    headers: HeaderMap,
}

impl Export {
    pub(super) fn otlp(address: Uri, headers: HeaderMap, resource: &Resource) -> Self {
        // The client of the runtime is a dependency already, with one pool of plain connections.
        let client = PooledClient::builder().with_endpoint(origin(&address)).build();
        Self::Otlp(Box::new(Otlp { client, address, headers }), encoder(resource))
    }

    pub(super) fn xray(address: String, resource: &Resource) -> Self {
        Self::XRay(address, encoder(resource))
    }

    pub(super) async fn send(&self, spans: Vec<SpanData>) -> Result<(), BoxError> {
        match self {
            Self::Otlp(otlp, encoder) => otlp.send(encoder.encode(spans)).await,
            Self::XRay(address, encoder) => to_daemon(address, encoder, spans).await,
            Self::Captured(captured, resource) => {
                captured.keep(&spans, resource);
                Ok(())
            }
            Self::Nowhere => Ok(()),
        }
    }
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Otlp(otlp, _) => f.write_str(&shown(&otlp.address)),
            Self::XRay(address, _) => write!(f, "the X-Ray daemon at {address}"),
            Self::Captured(..) => f.write_str("a test"),
            Self::Nowhere => f.write_str("nowhere"),
        }
    }
}

/// Returns an address without its possible secrets: the user's name and password, and the query.
pub(super) fn shown(address: &Uri) -> String {
    let scheme = address.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let port = address.port().map(|port| format!(":{port}")).unwrap_or_default();
    // A password with an unescaped slash is parsed as the beginning of the path.
    let path = Some(address.path()).filter(|path| !path.contains('@')).unwrap_or_default();
    format!("{scheme}{}{port}{path}", address.host().unwrap_or_default())
}

/// Returns the scheme and the authority.
fn origin(address: &Uri) -> Uri {
    let mut parts = address.clone().into_parts();
    parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    Uri::from_parts(parts).unwrap_or_else(|_| address.clone())
}

impl Otlp {
    /// Sends a request by <https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>.
    async fn send(&self, body: Vec<u8>) -> Result<(), BoxError> {
        /// The maximum size of a body that is read, in bytes: longer than any error message.
        const LARGEST: usize = 64 * 1024;
        let path = self.address.path_and_query().map_or("/v1/traces", |path| path.as_str());
        let mut request = Request::post(path).body(Body::from(Bytes::from(body)))?;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-protobuf"));
        let response = self.client.call(request).await?;
        let status = response.status();
        // The body is read to its end, so that the connection can be reused.
        let _ = Limited::new(response.into_body(), LARGEST).collect().await;
        match status {
            StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Ok(()),
            status => Err(format!("the collector returned {status}").into()),
        }
    }
}

/// The maximum size of a datagram, in bytes: one of UDP has at most 64 KB with its headers, and the daemon accepts all
/// of them.
const DATAGRAM: usize = 65_000;

/// The header of a segment of X-Ray's protocol, before spans in the form of AWS's distribution of OpenTelemetry
/// (<https://github.com/aws-observability/aws-otel-python-instrumentation>, `otlp_udp_exporter.py`). `T1S`: traces,
/// sampled.
const HEADER: &str = "{\"format\":\"json\",\"version\":1}\nT1S";

async fn to_daemon(address: &str, encoder: &Encoder, spans: Vec<SpanData>) -> Result<(), BoxError> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect(address).await?;
    let mut too_large = 0;
    let mut parts = vec![spans];
    while let Some(mut spans) = parts.pop() {
        let datagram = datagram(encoder, spans.clone());
        if datagram.len() <= DATAGRAM {
            socket.send(&datagram).await?;
        } else if spans.len() > 1 {
            parts.push(spans.split_off(spans.len() / 2));
            parts.push(spans);
        } else {
            too_large += 1;
        }
    }
    if too_large > 0 {
        tracing::warn!(spans = too_large, "spans were too large for the X-Ray daemon and are lost");
    }
    Ok(())
}

fn datagram(encoder: &Encoder, spans: Vec<SpanData>) -> Vec<u8> {
    let mut text = HEADER.to_owned();
    STANDARD.encode_string(encoder.encode(spans), &mut text);
    text.into_bytes()
}
