//! A collector of OpenTelemetry that keeps what it gets: OTLP over HTTP, by the official messages.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::{TcpListener, TcpStream};

/// A collector on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct Collector {
    address: String,
    kept: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Collector {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// If there is no port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let kept = Arc::<Mutex<Vec<_>>>::default();
        let serving = tokio::spawn(serve(listener, Arc::clone(&kept)));
        Self { address, kept, serving }
    }

    /// Returns the value for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the requests that it got.
    pub fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All spans that it was sent.
    pub fn spans(&self) -> Vec<Span> {
        let of_resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        of_resources.flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An id of a trace or a span as it stands in a log line.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The trace of the invocation with this number, where a test names them by numbers.
pub fn trace_of(number: u64) -> String {
    format!("5759e988bd862e3f{number:016x}")
}

/// Returns whether the trace of this number is kept: X-Ray does not keep every fifth.
pub fn is_kept(number: u64) -> bool {
    number % 5 != 4
}

/// A text or a number among attributes, as text.
pub fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(value) => value.to_string(),
        other => format!("{other:?}"),
    })
}

type Kept = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

async fn serve(listener: TcpListener, kept: Kept) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&kept)));
    }
}

async fn connection(stream: TcpStream, kept: Kept) {
    let service = service_fn(move |request| answer(request, Arc::clone(&kept)));
    // One that breaks off is the other side's affair.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, kept: Kept) -> Result<Response<Full<Bytes>>, Infallible> {
    let refused = |status| Ok(Response::builder().status(status).body(Full::default()).unwrap_or_default());
    if request.method() != Method::POST || request.uri().path() != "/v1/traces" {
        return refused(StatusCode::NOT_FOUND);
    }
    if request.headers().get("content-type").is_none_or(|value| value != "application/x-protobuf") {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let Ok(body) = request.into_body().collect().await else { return refused(StatusCode::BAD_REQUEST) };
    let Ok(spans) = ExportTraceServiceRequest::decode(body.to_bytes()) else { return refused(StatusCode::BAD_REQUEST) };
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(spans);
    Ok(Response::new(Full::from(ExportTraceServiceResponse::default().encode_to_vec())))
}
