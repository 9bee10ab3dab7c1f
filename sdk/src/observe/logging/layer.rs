//! [`LoggingLayer`]: adds a log context to each invocation, and logs failures.

use std::borrow::Cow;
use std::cell::RefCell;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use serde_json::value::RawValue;
use tower::{Layer, Service};
use tracing::{Instrument, Span};

use super::as_json::AsJson;
use super::buffer::Buffer;
use super::context::{flush_buffer, set_correlation_id};
use super::filter::PANICS_ARE_LOGGED;
use super::redaction::Redaction;
use super::{correlation, current};
use crate::core::error::{FunctionError, log};
use crate::core::layer_mistakes::reject;
use crate::core::raw::{Incoming, Outgoing, RawEvent};

/// The redaction that the layers around one function share.
type SharedRedaction = Arc<Mutex<Redaction>>;

thread_local! {
    /// The redaction of the function that this thread builds, within [`LoggingLayer::around`].
    static BUILT: RefCell<Option<SharedRedaction>> = const { RefCell::new(None) };
}

/// Layer that applies [`Logging`]: it adds a log context to each invocation, and logs failures.
///
/// It is the outermost layer: all other layers and the function log within its span. A failed invocation is one
/// `ERROR` line, with the error's type, message and causes.
///
/// [`run`](crate::run) puts one around each function. Another one, with settings, is an outer layer of the function
/// (`#[lambda_handler(outer = ..)]`): the two share the invocation's context, log a failure and the event once, and
/// each omits the values that the other [omits](Self::omit).
///
/// # Example
///
/// ```
/// use lambda_runtime::{Context, LambdaEvent};
/// use pilaster::observe::logging::{CapturedLogs, LoggingLayer, Logs};
/// use pilaster::{Incoming, Outgoing, RawEvent};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let captured = CapturedLogs::default();
/// let _guard = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
///
/// let service = ServiceBuilder::new().layer(LoggingLayer::new()).service(service_fn(async |incoming: Incoming| {
///     tracing::info!("greeting");
///     Outgoing::try_from(incoming.event)
/// }));
/// let mut context = Context::default();
/// context.request_id = "52fdfc07".into();
/// service.oneshot(Incoming::new(LambdaEvent::new(RawEvent::parse("{}")?, context))).await?;
///
/// let line = &captured.lines()[0];
/// assert_eq!(line["function_request_id"], "52fdfc07");
/// assert_eq!(line["cold_start"], true);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct LoggingLayer {
    settings: Arc<Settings>,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    correlation_id: Option<String>,
    #[cfg(feature = "idempotency")]
    expression: Option<Result<crate::core::expression::Expression, String>>,
    buffer: Option<Buffer>,
    log_event: Option<bool>,
    log_response: bool,
    redaction: Redaction,
}

impl LoggingLayer {
    /// Creates a layer that adds the invocation's keys to its lines. The environment is not read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds a service with a log context, which omits the values that the layers within the service omit.
    pub(crate) fn around<S>(build: impl FnOnce() -> S) -> Logging<S> {
        /// The redaction of an outer build, which is restored on drop, even after a panic.
        struct Outer(Option<SharedRedaction>);

        impl Drop for Outer {
            fn drop(&mut self) {
                BUILT.set(self.0.take());
            }
        }

        let _outer = Outer(BUILT.replace(Some(SharedRedaction::default())));
        let service = build();
        Self::new().layer(service)
    }

    /// Reads the `correlation_id` from the event: the string or the number at this
    /// [JSON Pointer](https://www.rfc-editor.org/rfc/rfc6901), which is one of
    /// [`correlation_paths`](super::correlation_paths) or your own, such as `/detail/order/id`. It continues into JSON
    /// text, such as the body of a request: `/body/order/id`. An event without this value has no correlation id.
    pub fn correlation_id(self, pointer: impl Into<String>) -> Self {
        self.with(|settings| settings.correlation_id = Some(pointer.into()))
    }

    /// Reads the `correlation_id` from the event: the string or the number that this [JMESPath](https://jmespath.org)
    /// expression selects, with the functions of Powertools: `powertools_json(body).order.id`. An event in which the
    /// expression selects nothing, or fails, has no correlation id. The whole event is decoded;
    /// [`correlation_id`](Self::correlation_id) costs less.
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
        self.with(|settings| settings.expression = Some(crate::core::expression::Expression::parse(expression)))
    }

    /// Buffers `DEBUG` lines, and writes them only if something fails: see [`Buffer`].
    pub fn buffer(self, buffer: Buffer) -> Self {
        self.with(|settings| settings.buffer = Some(buffer))
    }

    /// Sets whether each event is logged at `INFO`, under `event`. It overrides `POWERTOOLS_LOGGER_LOG_EVENT`. An event
    /// can contain values that must not be logged: see [`omit`](Self::omit).
    pub fn log_event(self, log_event: bool) -> Self {
        self.with(|settings| settings.log_event = Some(log_event))
    }

    /// Sets whether each response is logged at `INFO`, under `response`: `false` by default.
    pub fn log_response(self, log_response: bool) -> Self {
        self.with(|settings| settings.log_response = log_response)
    }

    /// Omits the values at these paths from the logged event and response, even if `POWERTOOLS_LOGGER_LOG_EVENT` logs
    /// the event.
    ///
    /// A path starts with `event` or `response`, followed by names separated by dots: `event.headers.authorization`.
    /// `[]` is each item of a list (`response.users.[].email`), a number is one item, and `*` is each item or member. A
    /// name that contains a dot or a star is written in double quotes:
    /// `event.requestContext.authorizer.claims."https://example.com/email"`.
    ///
    /// - A name below `headers` or `multiValueHeaders` is matched in any letter case, in both maps, and for `cookie`
    ///   and `set-cookie` also in the list `cookies`. It is also omitted where API Gateway repeats it
    ///   (`requestContext.identity.apiKey`; for an authorizer `authorizationToken` and `identitySource`).
    /// - A name below one of the maps of a query is omitted from each of them, and from `rawQueryString`.
    /// - A path continues into JSON text, such as the body of a request: `event.body.password`, even if the text is a
    ///   JSON string that contains JSON. Any other text that a path continues into is omitted as a whole: a form,
    ///   base64, malformed JSON. So are values that are nested too deeply.
    /// - A name applies to each item of a list, and `[]` applies to an object itself.
    ///
    /// If a function has several layers, each omits the values that any of them omits.
    ///
    /// A value that is in the event a second time by another name, such as a path parameter in the request's path, is
    /// not omitted there.
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
    /// When the layer is applied, if one of them is not a path.
    pub fn omit(self, paths: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.with(|settings| paths.into_iter().for_each(|path| settings.redaction.omit(path.as_ref())))
    }

    /// Replaces omitted values with this text instead of removing them. A layer without a mask uses the mask of
    /// another layer of the function, if any.
    pub fn mask(self, mask: impl Into<String>) -> Self {
        self.with(|settings| settings.redaction.mask(mask.into()))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

/// # Panics
///
/// If a path or an expression of the layer is not valid.
impl<S> Layer<S> for LoggingLayer {
    type Service = Logging<S>;

    fn layer(&self, inner: S) -> Logging<S> {
        if let Some(path) = self.settings.redaction.mistake() {
            reject(format_args!(
                "LoggingLayer::omit: `{path}` is not a path: write `event` or `response`, followed by names, `[]` for each item, or \
                 `*`, divided by dots, as in \"event.headers.authorization\""
            ));
        }
        #[cfg(feature = "idempotency")]
        if let Some(Err(mistake)) = &self.settings.expression {
            reject(format_args!("LoggingLayer::correlation_id_by: {mistake}"));
        }
        let redaction = BUILT.with_borrow(Clone::clone).unwrap_or_default();
        lock(&redaction).add(&self.settings.redaction);
        Logging { inner, applied: Arc::new(Applied { settings: Arc::clone(&self.settings), redaction }) }
    }
}

fn lock(shared: &SharedRedaction) -> MutexGuard<'_, Redaction> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Service that adds a log context to each invocation, and logs failures. See [`LoggingLayer`].
#[derive(Clone, Debug)]
pub struct Logging<S> {
    inner: S,
    applied: Arc<Applied>,
}

/// The settings of one layer, and the redaction of all layers of its function.
#[derive(Debug)]
struct Applied {
    settings: Arc<Settings>,
    redaction: SharedRedaction,
}

impl Applied {
    /// Prepares the context of an invocation, within its span.
    fn begin(&self, event: &RawEvent, is_outermost: bool) {
        if let Some(id) = self.find_correlation_id(event) {
            set_correlation_id(id);
        }
        if let Some(buffer) = self.settings.buffer {
            current::buffer_lines(buffer);
        }
        if self.settings.log_event.unwrap_or_else(|| self.logs_the_event(is_outermost))
            && current::is_first_to_log_the_event()
            && let Some(event) = event.to_json()
        {
            let event = lock(&self.redaction).of_event(&event);
            tracing::info!(event = %AsJson(event), "Lambda invocation event");
        }
    }

    fn find_correlation_id(&self, event: &RawEvent) -> Option<String> {
        let found = self.settings.correlation_id.as_ref().and_then(|pointer| correlation::find(event.get(), pointer));
        #[cfg(feature = "idempotency")]
        let found =
            found.or_else(|| correlation::select(event.get(), self.settings.expression.as_ref()?.as_ref().ok()?));
        found
    }

    /// Returns `true` if the subscriber logs events, and this layer should log this one: the outermost of the layers
    /// that omit something, otherwise the outermost layer.
    fn logs_the_event(&self, is_outermost: bool) -> bool {
        current::with_current(|writer, _| writer.settings.log_event) == Some(true)
            && match lock(&self.redaction).is_empty() {
                true => is_outermost,
                false => !self.settings.redaction.is_empty(),
            }
    }

    fn end(&self, result: &Result<Outgoing, FunctionError>, is_outermost: bool) {
        match result {
            Ok(response) if self.settings.log_response => {
                if let Some(response) = text(response) {
                    let response = lock(&self.redaction).of_response(&response);
                    tracing::info!(response = %AsJson(response), "Lambda invocation response");
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
        let is_outermost = !current::is_open(&incoming.invocation);
        let span = if is_outermost { current::open(&incoming.invocation) } else { Span::none() };
        let result = span.in_scope(|| {
            self.applied.begin(&incoming.event, is_outermost);
            self.inner.call(incoming)
        });
        let applied = Arc::clone(&self.applied);
        let finished = async move {
            let result = result.await;
            applied.end(&result, is_outermost);
            result
        };
        Box::pin(finished.instrument(span))
    }
}

/// Returns the JSON of a response, or the status, headers and cookies of a streamed one.
fn text(response: &Outgoing) -> Option<Cow<'_, RawValue>> {
    #[cfg(feature = "http")]
    if let Some(prelude) = response.prelude() {
        return serde_json::value::to_raw_value(prelude).ok().map(Cow::Owned);
    }
    response.as_json().map(Cow::Borrowed)
}

fn log_failure(error: &FunctionError) {
    current::with_current(|writer, _| writer.settings.filter.failure_is_logged());
    // Each failed record of a batch has a line.
    if error.is_logged() {
        return;
    }
    // The panic hook has logged a panic, with its location.
    if error.error_type() == "Panic" && PANICS_ARE_LOGGED.load(Ordering::Relaxed) {
        return;
    }
    let error_type = error.error_type();
    log(error, |error| tracing::error!(error_type, error, "the invocation failed"));
}
