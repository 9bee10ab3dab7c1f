//! Connections by HTTPS: HTTP/1.1 by hyper, TLS by rustls with ring, one TLS configuration for the whole registry.

pub(crate) mod roots;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore};
use tower::Service;

use super::{Clients, FromClients};
use crate::core::error::BoxError;

/// What took longer than its time-out.
#[derive(Debug)]
pub(crate) struct TimedOut(pub(crate) &'static str, pub(crate) Duration);

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} took longer than {:?}", self.0, self.1)
    }
}

impl std::error::Error for TimedOut {}

/// The TLS configuration: the root certificates of the system. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tls(pub(crate) Arc<ClientConfig>);

impl Tls {
    /// Reads the root certificates of the system.
    pub(crate) fn new() -> Result<Self, BoxError> {
        Self::with_roots(roots::system())
    }

    pub(crate) fn with_roots(roots: RootCertStore) -> Result<Self, BoxError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(tls)))
    }

    /// Returns a connector, also for `http`, whose time-out includes the TLS handshake.
    pub(crate) fn connect(&self, time_out: Option<Duration>) -> Connect {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Connect { https: HttpsConnector::from((tcp, Arc::clone(&self.0))), time_out }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl FromClients for Tls {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Self::new()
    }
}

/// Connects within a time-out, which includes the TLS handshake.
#[derive(Clone)]
pub(crate) struct Connect {
    https: HttpsConnector<HttpConnector>,
    time_out: Option<Duration>,
}

impl Service<Uri> for Connect {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.https.call(to);
        let Some(time_out) = self.time_out else { return connecting };
        Box::pin(async move {
            let connected = tokio::time::timeout(time_out, connecting).await;
            connected.map_err(|_| TimedOut("the connection to the server", time_out))?
        })
    }
}
