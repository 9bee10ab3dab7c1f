//! The connections of all AWS clients: HTTP/1.1 by hyper, TLS by rustls.
//!
//! The SDK's own HTTP client needs three times as many instructions for a start with two clients: it makes a TLS
//! configuration for each client whose configuration is validated, and it reads the root certificates with a decoder
//! for keys. It also brings HTTP/2 (0.5 MB), which the endpoints of the clients here do not need.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector as SmithyConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpInfo, capture_connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::clients::https::{Connect, TimedOut, Tls};
use crate::clients::{Clients, FromClients};
use crate::core::error::{BoxError, causes};

/// The time-outs of a connector: of connecting, and of everything up to the head of the response.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct TimeOuts {
    connect: Option<Duration>,
    read: Option<Duration>,
}

/// An HTTP client. Its clones share their connections.
#[derive(Clone)]
pub(crate) struct Connections {
    tls: Tls,
    /// One pool for each pair of time-outs that a client has.
    pools: Arc<Mutex<Vec<(TimeOuts, SharedHttpConnector)>>>,
}

impl Connections {
    fn new(tls: Tls) -> Self {
        Self { tls, pools: Arc::default() }
    }

    /// Returns a connector without time-outs.
    #[cfg(feature = "cloudformation")]
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        self.pool(TimeOuts::default())
    }

    fn pool(&self, time_outs: TimeOuts) -> SharedHttpConnector {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pool)) = pools.iter().find(|(of, _)| *of == time_outs) {
            return pool.clone();
        }
        let connect = self.tls.connect(time_outs.connect);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connect);
        let pool = SharedHttpConnector::new(Pool { client, read: time_outs.read });
        pools.push((time_outs, pool.clone()));
        pool
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

impl FromClients for Connections {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self::new(clients.get().await?))
    }
}

impl HttpClient for Connections {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.pool(TimeOuts { connect: settings.connect_timeout(), read: settings.read_timeout() })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("hyper", Some("1.x".into())))
    }
}

struct Pool {
    client: Client<Connect, SdkBody>,
    read: Option<Duration>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("read", &self.read).finish_non_exhaustive()
    }
}

impl SmithyConnector for Pool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(smithy) = request.extensions().get::<CaptureSmithyConnection>() {
            smithy.set_connection_retriever(move || metadata(&connection));
        }
        let response = self.client.request(request);
        let read = self.read;
        HttpConnectorFuture::new(async move {
            let response = match read {
                Some(read) => tokio::time::timeout(read, response)
                    .await
                    .map_err(|_| ConnectorError::timeout(TimedOut("the head of the response", read).into()))?,
                None => response.await,
            };
            let response = response.map_err(connector_error)?.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Returns the connection of a request, which the SDK closes after certain errors of the service.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    let mut extensions = http::Extensions::new();
    connection.connection_metadata().as_ref()?.get_extras(&mut extensions);
    let info = extensions.get::<HttpInfo>();
    let connection = connection.clone();
    let mut metadata = ConnectionMetadata::builder().proxied(false).poison_fn(move || {
        if let Some(connection) = connection.connection_metadata().as_ref() {
            connection.poison();
        }
    });
    metadata.set_local_addr(info.map(HttpInfo::local_addr)).set_remote_addr(info.map(HttpInfo::remote_addr));
    Some(metadata.build())
}

/// Tells the SDK's retries what failed: time-outs and input and output are tried again.
fn connector_error(error: legacy::Error) -> ConnectorError {
    let timed_out = causes(&error).any(|cause| cause.is::<TimedOut>());
    let hyper = causes(&error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let is_io = error.is_connect() || causes(&error).any(|cause| cause.is::<std::io::Error>());
    match hyper {
        // First, since the causes of an error of the request's body are those of the caller.
        Some(hyper) if hyper.is_user() => ConnectorError::user(error.into()),
        _ if timed_out => ConnectorError::timeout(error.into()),
        Some(hyper) if hyper.is_timeout() => ConnectorError::timeout(error.into()),
        Some(hyper) if hyper.is_closed() || hyper.is_canceled() => ConnectorError::io(error.into()),
        _ if is_io => ConnectorError::io(error.into()),
        // S3 closes a connection like this when it is busy.
        Some(hyper) if hyper.is_incomplete_message() => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        _ => ConnectorError::other(error.into(), None),
    }
}

#[cfg(test)]
mod tests;
