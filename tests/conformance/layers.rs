//! A user's own layers, put together at run time, and errors as a user's code raises them.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use pilaster::BoxError;
use pilaster::http::{Body, Bytes, Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

type Boxed = BoxCloneSyncService<Request<Body>, Response, Infallible>;

/// Layers whose number is known only at run time; the first one added is the outermost.
#[derive(Clone, Default)]
pub(crate) struct Own(Vec<Arc<dyn Fn(Boxed) -> Boxed + Send + Sync>>);

impl Own {
    /// Adds a layer inside those that are there.
    pub(crate) fn push<L, B>(&mut self, layer: L)
    where
        L: Layer<Boxed> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = axum::http::Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.0.push(Arc::new(move |inner| boxed(layer.layer(inner))));
    }
}

fn boxed<S, B>(service: S) -> Boxed
where
    S: Service<Request<Body>, Response = axum::http::Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(service.map_response(|response| response.map(Body::new)))
}

impl<S> Layer<S> for Own
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    type Service = Boxed;

    fn layer(&self, inner: S) -> Boxed {
        self.0.iter().rev().fold(boxed(inner), |inner, layer| layer(inner))
    }
}

/// An error of a user's core logic, which knows nothing of HTTP.
#[derive(Debug)]
pub(crate) struct Thrown(pub(crate) String);

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Thrown {}
