//! [`Export`]: where spans go.

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

use super::captured::Captured;
use super::wire::{Encoder, encoder};
use crate::core::error::BoxError;

/// Where spans go.
pub(super) enum Export {
    /// A collector that takes OTLP over HTTP.
    Otlp(Box<Otlp>, Encoder),
    /// The X-Ray daemon.
    XRay(String, Encoder),
    /// A test.
    Captured(Captured, Resource),
    Nowhere,
}

pub(super) struct Otlp {
    client: PooledClient,
    address: Uri,
    headers: HeaderMap,
}

impl Export {
    pub(super) fn otlp(address: Uri, headers: HeaderMap, resource: &Resource) -> Self {
        // The runtime's own client: one pool of plain connections, and nothing that is not there already.
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

/// An address without what may be secret in it: the user's name and password, and the query.
pub(super) fn shown(address: &Uri) -> String {
    let scheme = address.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let port = address.port().map(|port| format!(":{port}")).unwrap_or_default();
    // A password with a slash that is not escaped is read as the beginning of the path.
    let path = Some(address.path()).filter(|path| !path.contains('@')).unwrap_or_default();
    format!("{scheme}{}{port}{path}", address.host().unwrap_or_default())
}

/// Scheme and authority.
fn origin(address: &Uri) -> Uri {
    let mut parts = address.clone().into_parts();
    parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    Uri::from_parts(parts).unwrap_or_else(|_| address.clone())
}

impl Otlp {
    /// By <https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>.
    async fn send(&self, body: Vec<u8>) -> Result<(), BoxError> {
        /// More than any error's text.
        const LARGEST: usize = 64 * 1024;
        let path = self.address.path_and_query().map_or("/v1/traces", |path| path.as_str());
        let mut request = Request::post(path).body(Body::from(Bytes::from(body)))?;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-protobuf"));
        let response = self.client.call(request).await?;
        let status = response.status();
        // Read to its end, so that the connection can be used again.
        let _ = Limited::new(response.into_body(), LARGEST).collect().await;
        match status {
            StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Ok(()),
            status => Err(format!("the collector answered {status}").into()),
        }
    }
}

/// A datagram of UDP has 64 KB at most, its heads included; the daemon takes as many.
const DATAGRAM: usize = 65_000;

/// One segment of X-Ray's protocol: its head, and spans as AWS's distribution of OpenTelemetry sends them
/// (<https://github.com/aws-observability/aws-otel-python-instrumentation>, `otlp_udp_exporter.py`). `T1S`: traces, sampled.
const HEAD: &str = "{\"format\":\"json\",\"version\":1}\nT1S";

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
        tracing::warn!(spans = too_large, "a span is larger than what the X-Ray daemon takes");
    }
    Ok(())
}

fn datagram(encoder: &Encoder, spans: Vec<SpanData>) -> Vec<u8> {
    let mut text = HEAD.to_owned();
    STANDARD.encode_string(encoder.encode(spans), &mut text);
    text.into_bytes()
}
