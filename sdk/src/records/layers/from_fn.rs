//! [`from_fn`]: a layer for record functions, written as an async function.
//!
//! # Example
//!
//! ```
//! use std::time::Instant;
//! use pilaster::records::{RecordResponse, Next, Record, from_fn};
//! use pilaster::{BoxError, Sqs};
//!
//! async fn timed(record: Record, next: Next) -> Result<RecordResponse, BoxError> {
//!     let (id, start) = (record.id().to_string(), Instant::now());
//!     let response = next.run(record).await;
//!     tracing::debug!(id, took = ?start.elapsed(), "handled");
//!     response
//! }
//!
//! async fn ship(order: Sqs<String>) -> Result<(), BoxError> {
//!     Ok(())
//! }
//!
//! let function = pilaster::handler(ship).layer(from_fn(timed));
//! # let _ = function;
//! ```

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use crate::core::error::BoxError;
use crate::records::record::Record;
use crate::records::response::RecordResponse;

/// Creates a layer from an async function, which is called with each record and the inner layers. See the
/// [module docs](self).
pub fn from_fn<F, Fut>(function: F) -> FromFnLayer<F>
where
    F: Fn(Record, Next) -> Fut + Clone,
    Fut: Future<Output = Result<RecordResponse, BoxError>>,
{
    FromFnLayer { function }
}

/// Layer that applies [`FromFn`]. Created by [`from_fn`].
#[derive(Clone)]
#[must_use]
pub struct FromFnLayer<F> {
    function: F,
}

impl<F: Clone, S> Layer<S> for FromFnLayer<F>
where
    S: Service<Record, Response = RecordResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Service = FromFn<F>;

    fn layer(&self, inner: S) -> FromFn<F> {
        let inner = BoxCloneSyncService::new(inner.map_err(Into::into));
        FromFn { function: self.function.clone(), inner }
    }
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFnLayer").finish_non_exhaustive()
    }
}

/// Service that calls an async function around each record. Created by [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F> {
    function: F,
    inner: BoxCloneSyncService<Record, RecordResponse, BoxError>,
}

impl<F, Fut> Service<Record> for FromFn<F>
where
    F: Fn(Record, Next) -> Fut,
    Fut: Future<Output = Result<RecordResponse, BoxError>> + Send + 'static,
{
    type Response = RecordResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<RecordResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `Next::run` polls the inner service.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, record: Record) -> Self::Future {
        Box::pin((self.function)(record, Next { inner: self.inner.clone() }))
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}

/// The inner layers and the function. Cheap to clone, so that a record can be retried.
#[derive(Clone, Debug)]
pub struct Next {
    inner: BoxCloneSyncService<Record, RecordResponse, BoxError>,
}

impl Next {
    /// Calls the next layer with the record.
    ///
    /// # Errors
    ///
    /// The error of the record.
    pub async fn run(self, record: Record) -> Result<RecordResponse, BoxError> {
        self.inner.oneshot(record).await
    }
}
