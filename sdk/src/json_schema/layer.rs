//! [`SchemaLayer`]: checks payloads and responses. The kinds of functions have their own services in `http` and
//! `records`.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde_json::Value;
use tower::{Layer, Service};

use super::mismatch::Mismatch;
use super::schema::{Schema, SchemaError};
use crate::core::error::{BoxError, FunctionError};
use crate::core::layer_mistakes::{is_around_streams, reject};
use crate::core::raw::{Incoming, Outgoing};

/// Layer that applies [`SchemaService`]: it checks payloads, responses, or both. See the [module docs](super).
///
/// # Example
///
/// An event from EventBridge, whose `detail` has a schema, and the response of the function:
///
/// ```
/// use pilaster::json_schema::SchemaLayer;
/// use pilaster::testing::Caller;
/// use pilaster::{BoxError, Event};
/// use serde_json::{Value, json};
///
/// async fn price(Event(event): Event<Value>) -> Result<Value, BoxError> {
///     Ok(json!({ "total": event["detail"]["count"] }))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let checked = SchemaLayer::new()
///     .incoming(r#"{ "properties": { "count": { "type": "integer" } }, "required": ["count"] }"#)
///     .at("/detail")
///     .outgoing(r#"{ "properties": { "total": { "maximum": 100 } } }"#);
/// let caller = Caller::new(pilaster::handler(price).layer(checked));
///
/// let error = caller.call(json!({ "detail": {} })).await.unwrap_err();
/// assert_eq!(error.error_type(), "SchemaValidation");
/// assert_eq!(error.message(), "the event does not match the schema: /detail/count is required");
/// let error = caller.call(json!({ "detail": { "count": 101 } })).await.unwrap_err();
/// assert_eq!(error.error_type(), "ResponseSchemaValidation");
/// # Ok::<(), BoxError>(()) })?;
/// # Ok::<(), BoxError>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct SchemaLayer {
    incoming: Option<Schema>,
    outgoing: Option<Schema>,
    /// A JSON Pointer.
    at: Arc<str>,
    unwraps_notifications: bool,
    mistake: Option<SchemaError>,
}

impl SchemaLayer {
    /// Checks nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks payloads by this schema: its text, such as `include_str!("order.schema.json")`, a `&Value`, or a [`Schema`].
    pub fn incoming<S>(mut self, schema: S) -> Self
    where
        S: TryInto<Schema>,
        SchemaError: From<S::Error>,
    {
        self.incoming = self.compiled(schema);
        self
    }

    /// Checks responses by this schema: those of an HTTP function with a status from 200 to 299, and those of an
    /// invocation that succeeds.
    pub fn outgoing<S>(mut self, schema: S) -> Self
    where
        S: TryInto<Schema>,
        SchemaError: From<S::Error>,
    {
        self.outgoing = self.compiled(schema);
        self
    }

    /// Sets the part of the payload that the schema of [`incoming`](Self::incoming) describes, as a JSON Pointer (RFC
    /// 6901): `/detail`. A payload without this part does not match.
    pub fn at(mut self, pointer: impl Into<Arc<str>>) -> Self {
        self.at = pointer.into();
        self
    }

    /// Checks the message that SNS published, in place of the body of an SQS message that is such a notification: for a
    /// function of [`Sns<T>`](crate::Sns) behind a queue. Without it the whole body is checked, since anyone who may send
    /// to the queue can write a body of this form.
    pub fn notifications(mut self) -> Self {
        self.unwraps_notifications = true;
        self
    }

    #[cfg(feature = "records")]
    pub(crate) fn unwraps_notifications(&self) -> bool {
        self.unwraps_notifications
    }

    /// Keeps the first mistake, which the function reports when it starts.
    fn compiled<S>(&mut self, schema: S) -> Option<Schema>
    where
        S: TryInto<Schema>,
        SchemaError: From<S::Error>,
    {
        match schema.try_into().map_err(SchemaError::from) {
            Ok(schema) => Some(schema),
            Err(mistake) => {
                self.mistake.get_or_insert(mistake);
                None
            }
        }
    }

    pub(crate) fn checks_incoming(&self) -> bool {
        self.incoming.is_some()
    }

    pub(crate) fn checks_outgoing(&self) -> bool {
        self.outgoing.is_some()
    }

    /// Checks a payload.
    pub(crate) fn check_incoming(&self, payload: &Value, what: &'static str) -> Result<(), Mismatch> {
        let Some(schema) = &self.incoming else { return Ok(()) };
        let missing = || {
            let mut mismatch = Mismatch::whole(what, "is required");
            mismatch.prefix(&self.at);
            mismatch
        };
        let part = payload.pointer(&self.at).ok_or_else(missing)?;
        schema.check(part).map_err(|mut mismatch| {
            mismatch.prefix(&self.at);
            mismatch.of(what)
        })
    }

    /// Checks a response.
    pub(crate) fn check_outgoing(&self, response: &[u8], what: &'static str) -> Result<(), Mismatch> {
        let Some(schema) = &self.outgoing else { return Ok(()) };
        let value = serde_json::from_slice(response).map_err(|_| Mismatch::whole(what, "is not JSON"))?;
        schema.check(&value).map_err(|mismatch| mismatch.of(what))
    }
}

impl fmt::Debug for SchemaLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SchemaLayer");
        debug.field("incoming", &self.incoming).field("outgoing", &self.outgoing).field("at", &self.at).finish()
    }
}

impl<S> Layer<S> for SchemaLayer {
    type Service = SchemaService<S>;

    /// # Panics
    ///
    /// If a schema does not compile and the layer is applied outside of a [`Function`](crate::Function). Within one,
    /// [`run`](crate::run) reports it, and a layer that checks responses around a function that streams them, as an
    /// error.
    fn layer(&self, inner: S) -> SchemaService<S> {
        if let Some(mistake) = &self.mistake {
            reject(mistake);
        }
        if !self.at.is_empty() && !self.at.starts_with('/') {
            reject(
                "the place of a JSON Schema must be a JSON Pointer, which begins with `/`: `SchemaLayer::at(\"/detail\")`",
            );
        }
        if self.checks_outgoing() && is_around_streams() {
            reject(
                "a streamed response cannot be checked by a JSON Schema around the function; add the layer to its stack \
                 instead: `http::Stack::new().layer(..)`",
            );
        }
        SchemaService { inner, layer: self.clone() }
    }
}

/// Service that checks payloads and responses by JSON Schema. See the [module docs](super).
#[derive(Clone)]
pub struct SchemaService<S> {
    pub(crate) inner: S,
    pub(crate) layer: SchemaLayer,
}

impl<S: Clone> SchemaService<S> {
    /// Takes the ready service, and leaves a clone in its place.
    pub(crate) fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        mem::replace(&mut self.inner, clone)
    }
}

impl<S> fmt::Debug for SchemaService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaService").field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl SchemaLayer {
    fn check_event(&self, event: &str) -> Result<(), FunctionError> {
        if !self.checks_incoming() {
            return Ok(());
        }
        let event = serde_json::from_str(event).map_err(|_| Mismatch::whole("the event", "is not JSON"));
        let checked = event.and_then(|event| self.check_incoming(&event, "the event"));
        checked.map_err(|mismatch| FunctionError::new("SchemaValidation", mismatch.to_string()).with_source(mismatch))
    }

    fn check_response(&self, response: &Outgoing) -> Result<(), FunctionError> {
        let Some(json) = response.as_json() else { return Ok(()) };
        self.check_outgoing(json.get().as_bytes(), "the response").map_err(|mismatch| {
            FunctionError::new("ResponseSchemaValidation", "the response does not match its schema")
                .with_source(mismatch)
        })
    }
}

impl<S> Service<Incoming> for SchemaService<S>
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
        let (mut inner, layer) = (self.take_ready(), self.layer.clone());
        Box::pin(async move {
            layer.check_event(incoming.event.get())?;
            let response = inner.call(incoming).await.map_err(FunctionError::of)?;
            layer.check_response(&response)?;
            Ok(response)
        })
    }
}
