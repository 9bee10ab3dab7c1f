//! The room of the raw landing that gives each invocation its log context.
//!
//! Outermost but for tracing: all rooms below, and the function, log within its span. A failed invocation is one `ERROR` line,
//! with the error's type, its text and its causes.
//!
//! # Example
//!
//! ```
//! use lambda_runtime::{Context, LambdaEvent};
//! use pilaster::observe::logging::{Captured, Logs, LoggingLayer};
//! use pilaster::{FunctionError, Incoming, Outgoing};
//! use serde_json::value::RawValue;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captured = Captured::default();
//! let _guard = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
//!
//! let service = ServiceBuilder::new().layer(LoggingLayer::new()).service(service_fn(async |incoming: Incoming| {
//!     tracing::info!("greeting");
//!     Ok::<Outgoing, FunctionError>(incoming.event.into())
//! }));
//! let mut context = Context::default();
//! context.request_id = "52fdfc07".into();
//! service.oneshot(Incoming::new(LambdaEvent::new(RawValue::from_string("{}".into())?, context))).await?;
//!
//! let line = &captured.lines()[0];
//! assert_eq!(line["function_request_id"], "52fdfc07");
//! assert_eq!(line["cold_start"], true);
//! # Ok(())
//! # }
//! ```

use std::borrow::Cow;
use std::cell::RefCell;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use serde_json::value::RawValue;
use tower::{Layer, Service};
use tracing::{Instrument, Span};

use super::buffer::{Buffer, flush_buffer};
use super::correlation;
use super::json::Json;
use super::line::Core;
use super::lines::{FAILURES_ARE_LOGGED, PANICS_ARE_LOGGED};
use super::redaction::Redaction;
use super::scope::{InvocationContext, set_correlation_id, with_current};
use crate::core::error::FunctionError;
use crate::core::raw::{Incoming, Outgoing};

thread_local! {
    /// What is left out by layers that were applied on this thread before there was a subscriber of ours.
    static EARLY: RefCell<Redaction> = RefCell::default();
}

/// What the layers of one function leave out, where it was built before there was a subscriber of ours: in a test.
#[cfg(feature = "testing")]
#[derive(Clone, Default)]
pub(crate) struct Early(Redaction);

#[cfg(feature = "testing")]
impl Early {
    /// Builds a function.
    pub(crate) fn collect<R>(build: impl FnOnce() -> R) -> (R, Self) {
        let others = EARLY.take();
        let built = build();
        (built, Self(EARLY.replace(others)))
    }

    /// Tells the current subscriber.
    pub(crate) fn apply(&self) {
        with_current(|core, _| core.redaction().add(&self.0));
    }
}

/// Layer that applies [`Logging`]. See the [module docs](self).
///
/// [`run`](crate::run) has one around each function. One more, with settings, goes into `#[lambda_handler(outer = ..)]`: the two
/// share the invocation's context, a failure and the event are logged once, and each leaves out what either [omits](Self::omit).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LoggingLayer {
    settings: Arc<Settings>,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    correlation_id: Option<String>,
    #[cfg(feature = "idempotency")]
    expression: Option<Result<crate::idempotency::Expression, String>>,
    buffer: Option<Buffer>,
    log_event: Option<bool>,
    log_response: bool,
    redaction: Redaction,
}

impl LoggingLayer {
    /// Lines get the invocation's keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the `correlation_id` from the event: a string or a number at this
    /// [JSON Pointer](https://www.rfc-editor.org/rfc/rfc6901), one of [`correlation_paths`](super::correlation_paths) or one's own,
    /// such as `/detail/order/id`. It leads on into a text that is JSON, such as the body of a request: `/body/order/id`. An event
    /// without it has none.
    pub fn correlation_id(self, pointer: impl Into<String>) -> Self {
        self.with(|settings| settings.correlation_id = Some(pointer.into()))
    }

    /// Takes the `correlation_id` from the event: the string or the number that this [JMESPath](https://jmespath.org) expression
    /// selects, with Powertools' functions: `powertools_json(body).order.id`. An event where it selects nothing, or cannot be
    /// evaluated, has none. The whole event is decoded for it; [`correlation_id`](Self::correlation_id) costs less.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::logging::LoggingLayer;
    ///
    /// let layer = LoggingLayer::new().correlation_id_by("Records[0].powertools_json(body).order.id");
    /// # let _ = layer;
    /// ```
    ///
    /// # Panics
    ///
    /// When the layer is applied, if this is not a JMESPath expression.
    #[cfg(feature = "idempotency")]
    pub fn correlation_id_by(self, expression: &str) -> Self {
        self.with(|settings| settings.expression = Some(crate::idempotency::Expression::parse(expression)))
    }

    /// Holds `DEBUG` lines back, and writes them only if something fails: see [`Buffer`].
    pub fn buffer(self, buffer: Buffer) -> Self {
        self.with(|settings| settings.buffer = Some(buffer))
    }

    /// Whether each event that comes in is logged at `INFO`, under `event`, whatever `POWERTOOLS_LOGGER_LOG_EVENT` says. Events can
    /// hold what should not be in a log: see [`omit`](Self::omit).
    pub fn log_event(self, log_event: bool) -> Self {
        self.with(|settings| settings.log_event = Some(log_event))
    }

    /// Whether each answer is logged at `INFO`, under `response`.
    pub fn log_response(self, log_response: bool) -> Self {
        self.with(|settings| settings.log_response = log_response)
    }

    /// Leaves out of the logged event and answer what these paths lead to, also where `POWERTOOLS_LOGGER_LOG_EVENT` asks for the
    /// event.
    ///
    /// A path starts with `event` or `response`; names follow, divided by dots: `event.headers.authorization`. `[]` is each item of a
    /// list (`response.users.[].email`), a number one item, and `*` each item or member. A name with a dot or a star in it stands in
    /// double quotes: `event.requestContext.authorizer.claims."https://example.com/email"`.
    ///
    /// - A name behind `headers` or `multiValueHeaders` has no letter case, and means both maps, and of `cookie` and `set-cookie` the
    ///   list `cookies`; and where API Gateway has the same value once more (`requestContext.identity.apiKey`, and of an authorizer
    ///   `authorizationToken` and `identitySource`).
    /// - A name behind one of the maps of a query means each of them, and `rawQueryString`.
    /// - A path leads on into a text that is JSON, such as the body of a request: `event.body.password`, also where the text is a
    ///   JSON string that holds JSON. Any other text that a path leads into is left out as a whole: a form, base64, JSON with a
    ///   mistake. So is what is nested deeper than can be followed.
    /// - A name leads into each item where a list stands, and `[]` into an object where that stands in place of a list.
    ///
    /// Where a function has several layers, each leaves out what any of them does. So do the layers of all functions of a process
    /// that log to the same subscriber.
    ///
    /// What is not left out: a value that stands in the event a second time by another name, such as a path parameter in the
    /// request's path.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::logging::LoggingLayer;
    ///
    /// let layer = LoggingLayer::new()
    ///     .log_event(true)
    ///     .log_response(true)
    ///     .omit(["event.headers.authorization", "event.body.password", "response.body.*.email"])
    ///     .mask("*****");
    /// # let _ = layer;
    /// ```
    ///
    /// # Panics
    ///
    /// When the layer is applied, if one of them is no path.
    pub fn omit(self, paths: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.with(|settings| paths.into_iter().for_each(|path| settings.redaction.omit(path.as_ref())))
    }

    /// What stands in the place of what [`omit`](Self::omit) leaves out, instead of nothing. A layer without a mask takes that of
    /// another layer, if one has it.
    pub fn mask(self, mask: impl Into<String>) -> Self {
        self.with(|settings| settings.redaction.mask(mask.into()))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S> Layer<S> for LoggingLayer {
    type Service = Logging<S>;

    fn layer(&self, inner: S) -> Logging<S> {
        if let Some(path) = self.settings.redaction.mistake() {
            panic!(
                "`{path}` is no path of what is logged: write `event` or `response`, and behind it names, `[]` for each item, or `*`, \
                 divided by dots, as in \"event.headers.authorization\""
            );
        }
        #[cfg(feature = "idempotency")]
        if let Some(Err(mistake)) = &self.settings.expression {
            panic!("LoggingLayer::correlation_id_by: {mistake}");
        }
        FAILURES_ARE_LOGGED.store(true, Ordering::Relaxed);
        if !self.settings.redaction.is_empty() {
            // Another layer, such as the one that `run` has outside of this one, would log what this one leaves out.
            let redaction = &self.settings.redaction;
            with_current(|core, _| core.redaction().add(redaction))
                .unwrap_or_else(|| EARLY.with_borrow_mut(|early| early.add(redaction)));
        }
        Logging { inner, settings: Arc::clone(&self.settings) }
    }
}

/// Gives each invocation its log context, and logs its failure. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Logging<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl Settings {
    /// What is to be known of an invocation before it begins, within its span.
    fn begin(&self, event: &RawValue, is_outermost: bool) {
        if let Some(id) = self.find_correlation_id(event) {
            set_correlation_id(id);
        }
        if let Some(buffer) = self.buffer {
            InvocationContext::hold(buffer);
        }
        if self.log_event.unwrap_or_else(|| self.is_asked_for_the_event(is_outermost))
            && InvocationContext::is_first_to_log_the_event()
        {
            tracing::info!(event = %Json(self.redaction().of_event(event)), "Lambda invocation event");
        }
    }

    fn find_correlation_id(&self, event: &RawValue) -> Option<String> {
        let found = self.correlation_id.as_ref().and_then(|pointer| correlation::find(event, pointer));
        #[cfg(feature = "idempotency")]
        let found = found.or_else(|| correlation::select(event, self.expression.as_ref()?.as_ref().ok()?));
        found
    }

    /// What this layer and all others leave out.
    fn redaction(&self) -> Redaction {
        let mut all = self.redaction.clone();
        with_current(|core, _| all.add(&core.redaction()));
        EARLY.with_borrow(|early| all.add(early));
        all
    }

    /// Of two layers one answers: the outer one of those that leave something out, else the outer one.
    fn is_asked_for_the_event(&self, is_outermost: bool) -> bool {
        let asked = |core: &Core| {
            let is_its = || match core.redaction().is_empty() {
                true => is_outermost,
                false => !self.redaction.is_empty(),
            };
            core.log_event && is_its()
        };
        with_current(|core, _| asked(core)) == Some(true)
    }

    fn end(&self, answer: &Result<Outgoing, FunctionError>, is_outermost: bool) {
        match answer {
            Ok(response) if self.log_response => {
                if let Some(response) = text(response) {
                    tracing::info!(response = %Json(self.redaction().of_response(&response)), "Lambda invocation response");
                }
            }
            Err(error) if is_outermost => {
                flush_buffer();
                log_failure(error);
            }
            _ => {}
        }
    }
}

impl<S> Service<Incoming> for Logging<S>
where
    S: Service<Incoming, Response = Outgoing, Error = FunctionError>,
    S::Future: Send + 'static,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let is_outermost = !InvocationContext::is_open(&incoming.invocation);
        let span = if is_outermost { InvocationContext::open(&incoming.invocation) } else { Span::none() };
        let answer = span.in_scope(|| {
            self.settings.begin(&incoming.event, is_outermost);
            self.inner.call(incoming)
        });
        let settings = Arc::clone(&self.settings);
        let answered = async move {
            let answer = answer.await;
            settings.end(&answer, is_outermost);
            answer
        };
        Box::pin(answered.instrument(span))
    }
}

/// The JSON of a response; of one that is streamed, its status, headers and cookies.
fn text(response: &Outgoing) -> Option<Cow<'_, RawValue>> {
    #[cfg(feature = "http")]
    if let Some(prelude) = response.prelude() {
        return serde_json::value::to_raw_value(prelude).ok().map(Cow::Owned);
    }
    response.as_json().map(Cow::Borrowed)
}

fn log_failure(error: &FunctionError) {
    // Of its records each has its line.
    if error.is_logged() {
        return;
    }
    // The hook has told of a panic, with its place.
    if error.error_type() == "Panic" && PANICS_ARE_LOGGED.load(Ordering::Relaxed) {
        return;
    }
    let cause: &(dyn StdError + 'static) = error;
    tracing::error!(error_type = error.error_type(), error = cause, "the invocation failed");
}
