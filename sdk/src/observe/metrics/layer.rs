//! [`MetricsLayer`]: collects the metrics of each invocation, and writes them when it ends.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::Write;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, Once};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, select};
use tokio::time::Instant;
use tower::{Layer, Service};

use super::built_in::BuiltIn;
#[cfg(feature = "testing")]
use super::captured::CallOutput;
use super::handle::Metrics;
use super::settings::{Output, Settings};
use super::sink::{Late, set_first, write_before};
use super::{emf, recorder};
use crate::core::at_start::defer;
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::layer_mistakes::reject;
use crate::core::raw::{Incoming, Outgoing};

/// Metrics are written this long before the deadline, at which Lambda ends the process.
const BEFORE_DEADLINE: Duration = Duration::from_millis(100);

/// Layer that applies [`MetricsService`]. See the [module docs](super).
///
/// It is an outer layer, around the raw service: `pilaster::handler(f).outer(MetricsLayer::from_env())`.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied"]
pub struct MetricsLayer(Settings);

impl Default for MetricsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl MetricsLayer {
    /// Creates a layer that writes to standard output, outside of Lambda to standard error. The environment is not
    /// read: a [`namespace`](Self::namespace) is required.
    pub fn new() -> Self {
        Self::from_vars(|_| None)
    }

    /// Creates a layer that writes as [`new`](Self::new) does, with the settings of the environment. See the
    /// [module docs](super) for the variables.
    pub fn from_env() -> Self {
        Self::from_vars(crate::core::env::var)
    }

    /// Reads the variables with `var`, which returns the value of a variable.
    pub(crate) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        Self(Settings::from_vars(&var))
    }

    /// Sets the namespace: 1 to 255 letters, digits, spaces and `.-_/#:`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.0.namespace = Some(namespace.into());
        self
    }

    /// Sets the dimension `service`. Without it, and without `POWERTOOLS_SERVICE_NAME`, there is no such dimension.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.0.service = Some(service.into());
        self
    }

    /// Adds a dimension to all metrics except the cold start.
    pub fn default_dimension(mut self, name: impl Into<String>, value: impl Display) -> Self {
        let (name, value) = (name.into(), value.to_string());
        self.0.default_dimensions.retain(|(other, _)| *other != name);
        self.0.default_dimensions.push((name, value));
        self
    }

    /// Counts cold starts, with a separate blob at the start of the process's first invocation, with the metric
    /// `ColdStart` and the dimensions `function_name` and `service`.
    pub fn cold_start(mut self) -> Self {
        self.0.cold_start = true;
        self
    }

    /// Sets the `function_name` of the cold start, which is otherwise that of the invocation.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.0.function_name = Some(name.into());
        self
    }

    /// Enables one of the metrics that Pilaster records.
    pub fn built_in(mut self, metric: BuiltIn) -> Self {
        self.0.built_in.push(metric);
        self
    }

    /// Stores a metric of the facade per second, for which its macros have no option. Without the facade, use
    /// [`Metrics::add_high_resolution`].
    pub fn high_resolution(mut self, metric: impl Into<Cow<'static, str>>) -> Self {
        self.0.high_resolution.push(metric.into());
        self
    }

    /// Writes here instead. A test of a whole function captures its metrics by
    #[cfg_attr(feature = "testing", doc = "[`Caller::with_metrics`](crate::testing::Caller::with_metrics).")]
    #[cfg_attr(not(feature = "testing"), doc = "`Caller::with_metrics`.")]
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.0.output = Output::Writer(Arc::new(Mutex::new(Box::new(writer))));
        self
    }

    /// Sets the clock for blobs, for tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.0.clock = Some(Arc::new(clock));
        self
    }

    /// Returns metrics without an invocation, for tests that call a handler with its arguments, and for other programs.
    /// They are written by [`Metrics::flush`], or when the last clone is dropped.
    ///
    /// # Panics
    ///
    /// The same as those of this type's `layer` method.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(Some(self.settings()), None)
    }

    fn settings(&self) -> Arc<Settings> {
        self.0.checked().unwrap_or_else(|mistake| panic!("MetricsLayer: {mistake}"))
    }
}

impl fmt::Debug for MetricsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MetricsLayer").field(&self.0).finish()
    }
}

/// # Panics
///
/// If there is no namespace, if CloudWatch rejects it or a dimension, or if a variable is not a boolean:
/// [`run`](crate::run) returns it as an error.
impl<S> Layer<S> for MetricsLayer {
    type Service = MetricsService<S>;

    fn layer(&self, inner: S) -> MetricsService<S> {
        let settings = self.0.checked().unwrap_or_else(|mistake| {
            reject(format_args!("MetricsLayer: {mistake}"));
            Arc::new(self.0.clone())
        });
        let late = Late::new(&settings);
        let shared = Arc::new(Shared { settings, late, registered: Once::new() });
        let started = Arc::clone(&shared);
        defer(move || started.register());
        MetricsService { inner, shared }
    }
}

/// Service that collects the metrics of each invocation, and writes them when it ends. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct MetricsService<S> {
    inner: S,
    shared: Arc<Shared>,
}

/// The state that all invocations share.
#[derive(Debug)]
struct Shared {
    settings: Arc<Settings>,
    late: Late,
    /// Completed when the process has the recorder of the facade, and knows these settings and late values.
    registered: Once,
}

impl Shared {
    /// Changes the state of the process, once: when a function is run, or at the first invocation.
    fn register(&self) {
        self.registered.call_once_force(|_| {
            recorder::install();
            set_first(&self.settings);
            self.late.register();
        });
    }
}

#[cfg(test)]
impl<S> MetricsService<S> {
    pub(super) fn is_registered(&self) -> bool {
        self.shared.registered.is_completed()
    }
}

impl<S> Service<Incoming> for MetricsService<S>
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
        let running = Running::new(&self.shared, &incoming.invocation);
        let deadline = incoming.invocation.remaining().and_then(|left| left.checked_sub(BEFORE_DEADLINE));
        let result = running.metrics.scope_sync(|| self.inner.call(incoming));
        Box::pin(async move {
            // Dropped after the function, even if that panics or is dropped.
            let running = running;
            let mut result = pin!(running.metrics.scope(result));
            let Some(left) = deadline else { return result.await };
            match select(result.as_mut(), pin!(tokio::time::sleep(left))).await {
                Either::Left((result, _)) => result,
                Either::Right(((), _)) => {
                    running.metrics.write_early();
                    result.await
                }
            }
        })
    }
}

/// A running invocation.
#[derive(Debug)]
struct Running {
    metrics: Metrics,
    began: Instant,
}

impl Running {
    /// Begins the invocation. Not generic, so that it is compiled once.
    fn new(shared: &Shared, invocation: &Invocation) -> Self {
        shared.register();
        let Shared { settings, late, .. } = shared;
        write_before(settings, late);
        #[cfg(feature = "testing")]
        let called = invocation.extensions().get::<CallOutput>().map(|output| output.apply(settings));
        #[cfg(feature = "testing")]
        let settings = called.as_ref().unwrap_or(settings);
        if settings.cold_start && invocation.is_cold_start() && !settings.disabled {
            let mut line = Vec::with_capacity(256);
            let name = settings.function_name.as_deref().unwrap_or_else(|| invocation.function_name());
            emf::write_cold_start(settings, name, &mut line);
            // Immediately, since the process may not survive its first invocation.
            settings.output.write(&line);
        }
        Self { metrics: Metrics::new(Some(Arc::clone(settings)), Some(late)), began: Instant::now() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        BuiltIn::Latency.record_in(&self.metrics, self.began.elapsed().as_secs_f64() * 1_000.0);
        self.metrics.close();
    }
}
