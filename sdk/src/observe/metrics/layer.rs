//! [`MetricsLayer`]: each invocation has its metrics, and they are written when it ends.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::Write;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, select};
use tokio::time::Instant;
use tower::{Layer, Service};

use super::built_in::BuiltIn;
use super::current::{Late, Metrics};
use super::settings::{Output, Settings};
use super::{blob, recorder};
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, Outgoing};

/// Metrics are written this long before Lambda ends the invocation, and its process with it: then nothing runs any more.
const BEFORE_DEADLINE: Duration = Duration::from_millis(100);

/// Layer that applies [`WithMetrics`]. See the [module docs](super).
///
/// It stands on the raw landing: `pilaster::handler(f).outer(MetricsLayer::new())`.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied"]
pub struct MetricsLayer(Settings);

impl Default for MetricsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl MetricsLayer {
    /// As the process's environment says, to standard output. See the [module docs](super) for the variables.
    pub fn new() -> Self {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// As `var` says, which is asked for one variable's value. For tests, and for settings that are not in the environment.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        Self(Settings::from_vars(var))
    }

    /// The namespace: 1 to 255 letters, digits, spaces and `.-_/#:`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.0.namespace = Some(namespace.into());
        self
    }

    /// The value of the dimension `service`. Without it, and without `POWERTOOLS_SERVICE_NAME`, there is no such dimension.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.0.service = Some(service.into());
        self
    }

    /// A dimension of all metrics but the cold start's.
    pub fn default_dimension(mut self, name: impl Into<String>, value: impl Display) -> Self {
        let (name, value) = (name.into(), value.to_string());
        self.0.default_dimensions.retain(|(other, _)| *other != name);
        self.0.default_dimensions.push((name, value));
        self
    }

    /// Counts cold starts: a blob of its own, at the beginning of the process's first invocation, with the metric `ColdStart`
    /// and the dimensions `function_name` and `service`.
    pub fn cold_start(mut self) -> Self {
        self.0.cold_start = true;
        self
    }

    /// The `function_name` of the cold start, where it is not that of the invocation.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.0.function_name = Some(name.into());
        self
    }

    /// Records one of Pilaster's own metrics.
    pub fn built_in(mut self, metric: BuiltIn) -> Self {
        self.0.built_in.push(metric);
        self
    }

    /// Keeps a metric of the facade by the second: its macros cannot say so. [`Metrics::add_high_resolution`] does it directly.
    pub fn high_resolution(mut self, metric: impl Into<Cow<'static, str>>) -> Self {
        self.0.high_resolution.push(metric.into());
        self
    }

    /// Writes elsewhere than to standard output: a [`Captured`](super::Captured), in tests.
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.0.output = Output::Writer(Arc::new(Mutex::new(Box::new(writer))));
        self
    }

    /// Takes the time of blobs from here. For tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.0.clock = Some(Arc::new(clock));
        self
    }

    /// Metrics that belong to no invocation: for tests that call a handler with its arguments, and for programs that are no
    /// function. They are written by [`Metrics::flush`], or when the last clone is dropped.
    ///
    /// # Panics
    ///
    /// As [`Layer::layer`] of this type.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(Some(self.settings()))
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
/// Without a namespace, with one or with a dimension that CloudWatch does not take, and with a variable that is neither true
/// nor false: [`run`](crate::run) makes one sentence of it.
impl<S> Layer<S> for MetricsLayer {
    type Service = WithMetrics<S>;

    fn layer(&self, inner: S) -> WithMetrics<S> {
        let settings = self.settings();
        recorder::install();
        Metrics::installed(&settings);
        let late = Late::new(&settings);
        WithMetrics { inner, settings, late }
    }
}

/// Gives each invocation its metrics, and writes them when it ends. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct WithMetrics<S> {
    inner: S,
    settings: Arc<Settings>,
    late: Late,
}

impl<S> Service<Incoming> for WithMetrics<S>
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
        let open = Open::new(&self.settings, &self.late, &incoming.invocation);
        let deadline = incoming.invocation.remaining().and_then(|left| left.checked_sub(BEFORE_DEADLINE));
        let answer = open.metrics.scope_sync(|| self.inner.call(incoming));
        Box::pin(async move {
            // Dropped after the function, whether that returned, panicked or was dropped itself.
            let open = open;
            let mut answer = pin!(open.metrics.scope(answer));
            let Some(left) = deadline else { return answer.await };
            match select(answer.as_mut(), pin!(tokio::time::sleep(left))).await {
                Either::Left((answer, _)) => answer,
                Either::Right(((), _)) => {
                    open.metrics.write_early();
                    answer.await
                }
            }
        })
    }
}

/// An invocation from its first call to its end.
#[derive(Debug)]
struct Open {
    metrics: Metrics,
    began: Instant,
}

impl Open {
    /// Not generic, so it is compiled once.
    fn new(settings: &Arc<Settings>, late: &Late, invocation: &Invocation) -> Self {
        Metrics::write_before(settings, late);
        if settings.cold_start && invocation.is_cold_start() && !settings.disabled {
            let mut line = Vec::with_capacity(256);
            let name = settings.function_name.as_deref().unwrap_or_else(|| invocation.function_name());
            blob::write_cold_start(settings, name, &mut line);
            // At once: a process that does not survive its first invocation was a cold start as well.
            settings.output.write(&line);
        }
        Self { metrics: Metrics::of_layer(settings, late), began: Instant::now() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        BuiltIn::Latency.record_in(&self.metrics, self.began.elapsed().as_secs_f64() * 1_000.0);
        self.metrics.close();
    }
}
