//! Layer that runs a call once per idempotency key and replays its result to repeated calls.
//!
//! It goes directly around the function, inside the layers that authenticate the caller, so that a recorded result
//! reaches only callers that may receive it. The same layer fits an event function, a record function, and an HTTP
//! function, where [`http::Stack::idempotency`](crate::http::Stack::idempotency) puts it in its place and
//! [`http::idempotency`](crate::http::idempotency) describes its settings.
//!
//! Around a whole HTTP function ([`Function::outer`](crate::Function::outer)) it records the response as JSON text. A response that is
//! streamed has none, so a function that [streams](crate::Function::streaming) does not start with this layer around it: put the layer
//! into its stack, which reads the body before it records the response.
//!
//! A response that describes a failure is not recorded, so a repeated call runs again: an HTTP status from 400, a batch with a record
//! that is to be retried or an item that failed, an authorizer or a custom resource that failed, and a failed call of a tool of an MCP
//! server. A result that is too large for its client is recorded, since the tool has run.
//!
//! Around tools of Bedrock or AgentCore and around handlers of channels there is no place for it, since their responses may describe
//! failures: such a function does not start. Write [`#[idempotent]`](macro@crate::idempotent) above a function that the tool calls.
//!
//! # Example
//!
//! ```
//! use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
//! use pilaster::{BoxError, Incoming, Invocation, Outgoing, RawEvent};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let charges = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
//! let counted = charges.clone();
//! let charge = service_fn(move |_: Incoming| {
//!     counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
//!     async { Ok::<_, BoxError>(Outgoing::serialize("charged")?) }
//! });
//! let charge = IdempotencyLayer::new(Idempotency::from_env(MemoryStore::new()).key("order_id")).layer(charge);
//! for _ in 0..2 {
//!     let event = RawEvent::parse(r#"{ "order_id": 7 }"#)?;
//!     let incoming = Incoming { event, invocation: Invocation::new(Default::default()) };
//!     let response = charge.clone().oneshot(incoming).await?;
//!     assert_eq!(response.as_json().map(|json| json.get()), Some("\"charged\""));
//! }
//! assert_eq!(charges.load(std::sync::atomic::Ordering::Relaxed), 1);
//! # Ok::<(), BoxError>(()) })?;
//! # Ok::<(), BoxError>(())
//! ```

use std::fmt;
use std::future::ready;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Extensions;
use serde_json::value::RawValue;
use tower::{Layer, Service};

use super::engine::{CallKey, Idempotency, Recording};
use super::error::IdempotencyError;
use crate::core::error::{BoxError, FunctionError};
use crate::core::expression::Document;
use crate::core::layer_mistakes::{is_around_hidden_failures, is_around_streams, reject};
use crate::core::raw::{Incoming, Outgoing};

/// Layer that applies [`IdempotencyService`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct IdempotencyLayer {
    pub(crate) idempotency: Idempotency,
    /// Settings for only one kind of function, by their type.
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "the HTTP layer reads them"))]
    pub(crate) of_kind: Arc<Extensions>,
}

impl IdempotencyLayer {
    /// Replays the results of repeated calls from the records of `idempotency`.
    pub fn new(idempotency: Idempotency) -> Self {
        Self { idempotency, of_kind: Arc::default() }
    }
}

impl From<Idempotency> for IdempotencyLayer {
    fn from(idempotency: Idempotency) -> Self {
        Self::new(idempotency)
    }
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = IdempotencyService<S>;

    /// # Panics
    ///
    /// If an expression is not JMESPath, or `POWERTOOLS_IDEMPOTENCY_DISABLED` is neither `true` nor `false`, and the
    /// layer is applied outside of a [`Function`](crate::Function). Within one, [`run`](crate::run) reports these
    /// mistakes, and the layer around a function that streams its responses, as an error.
    fn layer(&self, inner: S) -> IdempotencyService<S> {
        if let Some(mistake) = self.idempotency.mistake() {
            reject(format_args!("idempotency: {mistake}"));
        }
        if is_around_streams() {
            reject(
                "idempotency: a streamed response cannot be recorded around the function; add the layer to its stack instead: \
                 `http::Stack::new().idempotency(..)`",
            );
        }
        if is_around_hidden_failures() {
            reject(
                "idempotency: the response of this kind of function may describe a failure, which would be recorded: remove the \
                 layer, and write `#[idempotent]` above a function that the tool or the handler calls",
            );
        }
        IdempotencyService { inner, layer: self.clone() }
    }
}

/// Service that replays the results of repeated calls. See the [module docs](self).
#[derive(Clone)]
pub struct IdempotencyService<S> {
    inner: S,
    pub(crate) layer: IdempotencyLayer,
}

impl<S: Clone> IdempotencyService<S> {
    /// Takes the ready service, and leaves a clone in its place.
    pub(crate) fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        mem::replace(&mut self.inner, clone)
    }
}

#[cfg(any(feature = "http", feature = "records"))]
impl<S> IdempotencyService<S> {
    pub(crate) fn inner(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S> fmt::Debug for IdempotencyService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyService").field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl<S> Service<Incoming> for IdempotencyService<S>
where
    S: Service<Incoming, Response = Outgoing> + Clone + Send + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.inner.poll_ready(cx).map_err(FunctionError::of)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let mut inner = self.take_ready();
        let idempotency = self.layer.idempotency.clone();
        Box::pin(async move {
            let key = || {
                let document = Document::parse(incoming.event.get());
                let document = document.map_err(|error| IdempotencyError::bad_key(error.to_string()))?;
                let (key, payload) = (idempotency.key_of(&document)?, idempotency.payload_of(&document)?);
                Ok(CallKey { key, payload, deadline: incoming.invocation.deadline(), ..CallKey::default() })
            };
            let begun = idempotency.begin_with(key).await?;
            let call = async move { inner.call(incoming).await.map_err(FunctionError::of) };
            let replay = |recorded: &RawValue| Ok(recorded.to_owned().into());
            let record = |response: Outgoing| {
                let recording = match response.as_json() {
                    _ if response.describes_failure() => Recording::Release,
                    Some(json) => Recording::Complete(json.to_owned()),
                    None => streamed(),
                };
                ready((response, recording))
            };
            begun.finish(call, replay, record).await
        })
    }
}

/// Logs that a streamed response is not recorded, since its replay would lack the body. A [`Function`](crate::Function) that streams does
/// not start with this layer around it, so the layer was applied to its service.
fn streamed() -> Recording {
    tracing::error!(
        "a streamed response cannot be recorded, so a repeated call runs again: add the layer to the stack of the function"
    );
    Recording::Release
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;
    use serde_json::json;
    use serde_json::value::to_raw_value;
    use tower::ServiceExt;

    use super::*;
    use crate::core::invocation::Invocation;
    use crate::idempotency::MemoryStore;

    fn by_id(store: &MemoryStore) -> IdempotencyLayer {
        IdempotencyLayer::new(Idempotency::new(store.clone(), "f").key("id"))
    }

    async fn call(service: &impl crate::RawService, event: serde_json::Value) -> Result<Outgoing, FunctionError> {
        let event = to_raw_value(&event).unwrap();
        service.clone().oneshot(Incoming { event: event.into(), invocation: Invocation::new(Context::default()) }).await
    }

    /// Calls the function twice, and returns how many results are recorded.
    async fn recorded(function: impl crate::IntoService, store: MemoryStore, mut event: serde_json::Value) -> usize {
        event["id"] = json!(7);
        let service = function.into_service().unwrap();
        for _ in 0..2 {
            assert!(call(&service, event.clone()).await.unwrap().as_json().is_some());
        }
        store.all().len()
    }

    #[tokio::test]
    async fn it_fits_around_an_event_function() {
        async fn echo(event: crate::Event<serde_json::Value>) -> Result<serde_json::Value, BoxError> {
            Ok(event.0)
        }
        let store = MemoryStore::new();
        let function = crate::handler(echo).outer(by_id(&store));
        assert_eq!(recorded(function, store, json!({})).await, 1);

        let store = MemoryStore::new();
        let service = crate::handler(echo).outer(by_id(&store)).into_service().unwrap();
        let locked =
            by_id(&store).layer(tower::service_fn(|_: Incoming| std::future::pending::<Result<_, BoxError>>()));
        let invocation = || Invocation::new(Context::default());
        let event = || to_raw_value(&json!({ "id": 8 })).unwrap();
        let mut pending = Box::pin(locked.oneshot(Incoming { event: event().into(), invocation: invocation() }));
        assert!(futures_util::poll!(&mut pending).is_pending());
        let error = service.oneshot(Incoming { event: event().into(), invocation: invocation() }).await.unwrap_err();
        assert_eq!(error.error_type(), "IdempotencyAlreadyInProgressError");
    }

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn it_fits_around_an_http_function() {
        async fn hello(_: crate::http::Method) -> &'static str {
            "hello"
        }
        let store = MemoryStore::new();
        let function = crate::handler(hello).outer(by_id(&store));
        let event =
            json!({ "version": "2.0", "rawPath": "/", "requestContext": { "http": { "method": "GET", "path": "/" } } });
        assert_eq!(recorded(function, store.clone(), event.clone()).await, 1);

        async fn busy(_: crate::http::Method) -> http::StatusCode {
            http::StatusCode::SERVICE_UNAVAILABLE
        }
        let store = MemoryStore::new();
        assert_eq!(recorded(crate::handler(busy).outer(by_id(&store)), store, event).await, 0, "an error");
    }

    #[cfg(feature = "records")]
    #[tokio::test]
    async fn it_fits_around_a_record_function() {
        async fn ship(_: crate::Sqs<serde_json::Value>) {}
        let store = MemoryStore::new();
        let function = crate::handler(ship).outer(by_id(&store));
        let record = json!({ "eventSource": "aws:sqs", "messageId": "m", "body": "1", "receiptHandle": "h" });
        let event = json!({ "Records": [record] });
        assert_eq!(recorded(function, store, event).await, 1);

        async fn fail(message: crate::Sqs<serde_json::Value>) -> Result<(), BoxError> {
            if message.body == 1 { Err("no".into()) } else { Ok(()) }
        }
        let store = MemoryStore::new();
        let record = |id: &str, body: &str| json!({ "eventSource": "aws:sqs", "messageId": id, "body": body });
        let event = json!({ "Records": [record("m", "1"), record("n", "2")] });
        assert_eq!(recorded(crate::handler(fail).outer(by_id(&store)), store, event).await, 0, "one is to be retried");
    }

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn a_streamed_response_releases_its_lock() {
        async fn hello(_: crate::http::Method) -> &'static str {
            "hello"
        }
        let store = MemoryStore::new();
        let streaming = crate::handler(hello).streaming().into_service().unwrap();
        let service = by_id(&store).layer(streaming);
        let event = json!({
            "version": "2.0", "rawPath": "/", "id": 7,
            "requestContext": { "domainName": "a.lambda-url.eu-west-1.on.aws", "http": { "method": "GET", "path": "/" } },
        });
        for _ in 0..2 {
            assert!(call(&service, event.clone()).await.unwrap().as_json().is_none());
        }
        assert!(store.all().is_empty());
    }
}
