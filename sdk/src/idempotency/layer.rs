//! Layer that runs a call once per idempotency key and answers its repetitions from the record.
//!
//! It goes right around the function, below whatever checks who the caller is: a recorded answer must reach nobody who may not
//! have it. The same layer fits an event function, an HTTP function (by [`http::Stack::idempotency`](crate::http::Stack), see
//! [`http`](crate::http::layers::idempotency)) and a record function.
//!
//! # Example
//!
//! ```
//! use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
//! use pilaster::{BoxError, Incoming, Invocation, Outgoing};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let charges = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
//! let counted = charges.clone();
//! let charge = service_fn(move |_: Incoming| {
//!     counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
//!     async { Ok::<_, BoxError>(Outgoing::serialize("charged")?) }
//! });
//! let charge = IdempotencyLayer::new(Idempotency::new(MemoryStore::new()).key("order_id")).layer(charge);
//! for _ in 0..2 {
//!     let event = serde_json::value::to_raw_value(&serde_json::json!({ "order_id": 7 }))?;
//!     let incoming = Incoming { event, invocation: Invocation::new(Default::default()) };
//!     assert_eq!(charge.clone().oneshot(incoming).await?.as_json().map(|json| json.get()), Some("\"charged\""));
//! }
//! assert_eq!(charges.load(std::sync::atomic::Ordering::Relaxed), 1);
//! # Ok::<(), BoxError>(()) })?;
//! # Ok::<(), BoxError>(())
//! ```

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::engine::{Begun, Idempotency};
use super::error::IdempotencyError;
use super::jmespath::Document;
use crate::core::error::{BoxError, FunctionError};
use crate::core::raw::{Incoming, Outgoing};

/// Layer that applies [`Idempotent`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct IdempotencyLayer {
    pub(crate) idempotency: Idempotency,
    #[cfg(feature = "http")]
    pub(crate) http: crate::http::layers::idempotency::HttpKey,
}

impl IdempotencyLayer {
    /// Repeated calls are answered from these records.
    pub fn new(idempotency: Idempotency) -> Self {
        Self {
            idempotency,
            #[cfg(feature = "http")]
            http: crate::http::layers::idempotency::HttpKey::default(),
        }
    }
}

impl From<Idempotency> for IdempotencyLayer {
    fn from(idempotency: Idempotency) -> Self {
        Self::new(idempotency)
    }
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = Idempotent<S>;

    /// # Panics
    ///
    /// If an expression is no JMESPath, or `POWERTOOLS_IDEMPOTENCY_DISABLED` neither `true` nor `false`.
    fn layer(&self, inner: S) -> Idempotent<S> {
        if let Some(mistake) = self.idempotency.mistake() {
            panic!("idempotency: {mistake}");
        }
        Idempotent {
            inner,
            idempotency: self.idempotency.clone(),
            #[cfg(feature = "http")]
            http: self.http.clone(),
        }
    }
}

/// Service that answers repeated calls from their records. See the [module docs](self).
#[derive(Clone)]
pub struct Idempotent<S> {
    pub(crate) inner: S,
    pub(crate) idempotency: Idempotency,
    #[cfg(feature = "http")]
    pub(crate) http: crate::http::layers::idempotency::HttpKey,
}

impl<S> fmt::Debug for Idempotent<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotent").field("idempotency", &self.idempotency).finish_non_exhaustive()
    }
}

/// Takes the service that was asked whether it is ready, and leaves a clone in its place.
pub(crate) fn taken<S: Clone>(inner: &mut S) -> S {
    let clone = inner.clone();
    mem::replace(inner, clone)
}

impl<S> Service<Incoming> for Idempotent<S>
where
    S: Service<Incoming, Response = Outgoing> + Clone + Send + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send,
{
    type Response = Outgoing;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let mut inner = taken(&mut self.inner);
        let idempotency = self.idempotency.clone();
        Box::pin(async move {
            let document = Document::parse(incoming.event.get());
            let document = document.map_err(|error| failed(IdempotencyError::bad_key(error.to_string())))?;
            let running = match idempotency.begin(&document, incoming.invocation.deadline()).await.map_err(failed)? {
                Begun::Run(running) => running,
                Begun::Replay(answer) => return Ok(answer.into()),
                Begun::Unkeyed => return inner.call(incoming).await.map_err(|error| FunctionError::of(error).into()),
            };
            let call =
                async move { inner.call(incoming).await.map_err(|error| BoxError::from(FunctionError::of(error))) };
            let (running, result) = running.watch(call).await;
            match result {
                Ok(answer) => {
                    let Some(json) = answer.as_json() else { return Err(streamed().into()) };
                    running.complete(json).await.map_err(failed)?;
                    Ok(answer)
                }
                Err(error) => {
                    running.release().await;
                    Err(error)
                }
            }
        })
    }
}

/// A replay would lack the body.
fn streamed() -> FunctionError {
    let message = "a streamed response cannot be recorded; use `http::Stack::idempotency`";
    FunctionError::new("InvalidResponse", message)
}

fn failed(error: IdempotencyError) -> BoxError {
    FunctionError::from(error).into()
}
