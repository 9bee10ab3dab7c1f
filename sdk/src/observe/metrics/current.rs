//! [`Metrics`]: the metrics of one invocation, and which one is the current.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::blob;
use super::built_in::BuiltIn;
use super::check::{self, Dimension};
use super::error::{Kind as ErrorKind, MetricsError, shown};
use super::settings::{Settings, milliseconds};
use super::state::{Datum, Kind, State};
use super::unit::Unit;
use crate::core::error::BoxError;
use crate::core::invocation::{FromInvocation, Invocation};

tokio::task_local! {
    static CURRENT: Metrics;
}

/// What is recorded outside of invocations.
static PROCESS: LazyLock<Metrics> = LazyLock::new(|| Metrics::new(None));

/// The settings of the process's first layer.
static FIRST: OnceLock<Arc<Settings>> = OnceLock::new();

/// Those of all layers.
static LATE: Mutex<Vec<Weak<Sink>>> = Mutex::new(Vec::new());

/// The metrics of an invocation: an argument of handlers, or [`Metrics::current`]. Cheap to clone.
///
/// What is recorded is written when the invocation ends, however it ends. See the [module docs](super).
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use pilaster::observe::metrics::{Captured, MetricsLayer, Unit};
///
/// let captured = Captured::default();
/// let metrics = MetricsLayer::new().namespace("Shop").service("payment").writer(captured.clone()).metrics();
///
/// metrics.dimension("environment", "prod")?;
/// metrics.metadata("order", 42)?;
/// metrics.count("Orders", 1)?;
/// metrics.add("Basket", Unit::Bytes, 1024.0)?;
/// metrics.add_high_resolution("Queue", Unit::Count, 3.0)?;
/// metrics.duration("Charge", Duration::from_micros(12_500))?;
/// metrics.labelled([("method", "card")])?.count("Payments", 1)?; // a blob of its own
/// metrics.flush();
///
/// let blobs = captured.blobs();
/// assert_eq!(blobs[0]["Charge"][0], 12.5);
/// assert_eq!(blobs[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0][1], "service");
/// assert_eq!(blobs[1]["method"], "card");
/// # Ok::<(), pilaster::observe::metrics::MetricsError>(())
/// ```
#[derive(Clone)]
pub struct Metrics {
    sink: Arc<Sink>,
    labels: Option<Arc<[Dimension]>>,
}

struct Sink {
    /// None for those of the process: each layer writes them with its own.
    settings: Option<Arc<Settings>>,
    state: Mutex<State>,
    /// Those of the layer, for what is recorded once the invocation is over; none for those of the process and of a layer.
    late: Option<Arc<Sink>>,
}

/// What was recorded by handles of invocations that are over, and is written as the layer of those says.
#[derive(Clone)]
pub(super) struct Late(Arc<Sink>);

impl Late {
    /// That of one layer of the process.
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        let late = Arc::new(Sink { settings: Some(Arc::clone(settings)), state: Mutex::default(), late: None });
        let mut all = LATE.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|late| late.strong_count() > 0);
        all.push(Arc::downgrade(&late));
        Self(late)
    }
}

impl Metrics {
    pub(super) fn new(settings: Option<Arc<Settings>>) -> Self {
        Self { sink: Arc::new(Sink { settings, state: Mutex::default(), late: None }), labels: None }
    }

    /// Those of an invocation.
    pub(super) fn of_layer(settings: &Arc<Settings>, late: &Late) -> Self {
        let (settings, late) = (Some(Arc::clone(settings)), Some(Arc::clone(&late.0)));
        Self { sink: Arc::new(Sink { settings, state: Mutex::default(), late }), labels: None }
    }

    /// Those of the invocation that runs here; outside of one, those of the process, which are written with the next
    /// invocation.
    ///
    /// A task that is spawned is outside: move a clone into it, or run it [within](Self::scope).
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_else(|_| PROCESS.clone())
    }

    /// Those of an invocation, as its argument.
    pub(crate) fn of_invocation() -> Self {
        let current = Self::current();
        if current.sink.settings.is_none() {
            warn_without_layer();
        }
        current
    }

    /// Records a value. Values of the same name are kept side by side, in one blob.
    ///
    /// # Errors
    ///
    /// A name or a value that CloudWatch does not take, a name that is taken in this blob, or another unit than before.
    pub fn add(&self, name: &str, unit: Unit, value: f64) -> Result<(), MetricsError> {
        self.record(Datum { name, unit, high_resolution: false, kind: Kind::Each, value })
    }

    /// [`add`](Self::add) of a metric that CloudWatch keeps by the second instead of the minute (`StorageResolution` 1).
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_high_resolution(&self, name: &str, unit: Unit, value: f64) -> Result<(), MetricsError> {
        self.record(Datum { name, unit, high_resolution: true, kind: Kind::Each, value })
    }

    /// [`add`](Self::add) of so and so many, as [`Unit::Count`].
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn count(&self, name: &str, number: u64) -> Result<(), MetricsError> {
        self.add(name, Unit::Count, number as f64)
    }

    /// [`add`](Self::add) of a time that passed, as [`Unit::Milliseconds`].
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn duration(&self, name: &str, passed: Duration) -> Result<(), MetricsError> {
        self.add(name, Unit::Milliseconds, passed.as_secs_f64() * 1_000.0)
    }

    /// Gives all metrics of this invocation a dimension, those recorded before as well. One that has another value gets this
    /// one, and a warning is logged.
    ///
    /// # Errors
    ///
    /// A name or a value that CloudWatch does not take, a name that is taken, or more than 30 dimensions.
    pub fn dimension(&self, name: &str, value: impl Display) -> Result<(), MetricsError> {
        let value = value.to_string();
        if self.sink.change(|state, settings| state.dimension(settings, name, &value))? {
            tracing::warn!(
                dimension = name,
                "the dimension had another value in this invocation, which is overwritten"
            );
        }
        Ok(())
    }

    /// Adds a further set of dimensions: CloudWatch makes a series of each metric for each set. The layer's default dimensions
    /// are in each of them, the service only in the first.
    ///
    /// # Errors
    ///
    /// As [`dimension`](Self::dimension); a name that has another value in this invocation is taken.
    pub fn dimension_set<N: Into<String>, V: Display>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), MetricsError> {
        let set = owned(dimensions);
        self.sink.change(|state, settings| state.set(settings, set))
    }

    /// The same invocation's metrics with further dimensions: what is recorded by it stands in a blob of its own.
    ///
    /// Each combination of values is a series that CloudWatch charges for; a value from a request may make very many.
    ///
    /// # Errors
    ///
    /// A name or a value that CloudWatch does not take, or more than 30 dimensions.
    pub fn labelled<N: Into<String>, V: Display>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, MetricsError> {
        let mut labels = self.labels().to_vec();
        for (name, value) in owned(dimensions) {
            check::dimension(&name, &value)?;
            labels.retain(|(other, _)| *other != name);
            labels.push((name, value));
        }
        check::too_many(labels.len())?;
        Ok(Self { sink: Arc::clone(&self.sink), labels: Some(labels.into()) })
    }

    /// Puts a JSON value into each blob of this invocation, beside the metrics: to find it by, not to aggregate it.
    ///
    /// # Errors
    ///
    /// A name that is taken, a value that is no JSON, or more than 128 KB of metadata and dimensions.
    pub fn metadata(&self, key: &str, value: impl Serialize) -> Result<(), MetricsError> {
        let mut json = serde_json::to_string(&value).map_err(|error| {
            MetricsError::new(ErrorKind::Metadata, format!("the metadata {} is no JSON: {error}", shown(key)))
        })?;
        if json.contains(['\n', '\r']) {
            // JSON that passes as its text, such as a `RawValue`, may have them between its parts: what stands behind one would be
            // a line, and so a blob, of its own.
            json = json.replace(['\n', '\r'], " ");
        }
        self.sink.change(|state, settings| state.metadata(settings, key, json))
    }

    /// The time of this invocation's metrics, instead of that of their writing.
    ///
    /// # Errors
    ///
    /// CloudWatch takes times up to
    /// [14 days ago and 2 hours ahead](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html).
    pub fn timestamp(&self, time: SystemTime) -> Result<(), MetricsError> {
        const OLDEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);
        const NEWEST: Duration = Duration::from_secs(2 * 60 * 60);
        let now = self.sink.settings().map_or_else(SystemTime::now, Settings::now);
        self.sink.change(|state, _| {
            let age = now.duration_since(time).unwrap_or_default();
            let ahead = time.duration_since(now).unwrap_or_default();
            if age > OLDEST || ahead > NEWEST {
                let message = "CloudWatch takes metrics of the last 14 days and of the next 2 hours";
                return Err(MetricsError::new(ErrorKind::Timestamp, message));
            }
            state.timestamp = Some(milliseconds(time));
            Ok(())
        })
    }

    /// Writes what is recorded, now, and forgets this invocation's dimensions, metadata and time. The layer's default
    /// dimensions stay. There is no need to call it: the end of the invocation does the same.
    pub fn flush(&self) {
        self.sink.end(false);
    }

    /// Runs the future as a part of this invocation: what is recorded within, by [`Metrics::current`] or the facade, is its.
    /// For tasks that are spawned.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::metrics::{Captured, Metrics, MetricsLayer};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let captured = Captured::default();
    /// let metrics = MetricsLayer::new().namespace("Shop").writer(captured.clone()).metrics();
    /// tokio::spawn(metrics.scope(async { Metrics::current().count("Orders", 1) })).await??;
    /// metrics.flush();
    /// assert_eq!(captured.values("Orders"), [1.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self.clone(), future)
    }

    /// Calls the function as a part of this invocation.
    pub(super) fn scope_sync<R>(&self, call: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self.clone(), call)
    }

    fn labels(&self) -> &[Dimension] {
        self.labels.as_deref().unwrap_or_default()
    }

    fn record(&self, datum: Datum<'_>) -> Result<(), MetricsError> {
        self.sink.change(|state, settings| state.record(settings, self.labels(), datum))
    }

    /// For callers that have no one to tell: a warning, the first time in the invocation.
    pub(super) fn record_or_warn(&self, labels: &[Dimension], datum: Datum<'_>) {
        let refused = self.sink.change(|state, settings| {
            let labelled: Vec<Dimension>;
            let labels = match self.labels() {
                [] => labels,
                own => {
                    labelled = own.iter().chain(labels).cloned().collect();
                    &labelled
                }
            };
            let recorded = state.record(settings, labels, datum);
            recorded.err().filter(|_| state.warns(datum.name))
        });
        if let Some(error) = refused {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(metric = shown(datum.name), error, "a metric was not recorded");
        }
    }

    /// Whether the facade's metric of this name is of high resolution.
    pub(super) fn is_high_resolution(&self, name: &str) -> bool {
        self.sink.settings().is_some_and(|settings| settings.high_resolution.iter().any(|high| high == name))
    }

    pub(super) fn asks_for(&self, built_in: BuiltIn) -> bool {
        self.sink.settings().is_some_and(|settings| settings.built_in.contains(&built_in))
    }

    /// Writes what there is; what follows is written later, with the same dimensions and metadata.
    pub(super) fn write_early(&self) {
        self.sink.write_early();
    }

    /// The end of the invocation: what follows belongs to its layer.
    pub(super) fn close(&self) {
        self.sink.end(true);
    }

    /// Remembers how the process's metrics are written when no invocation does it.
    pub(super) fn installed(settings: &Arc<Settings>) {
        let _ = FIRST.set(Arc::clone(settings));
    }

    /// Writes what was recorded outside of invocations, and after the layer's invocations.
    pub(super) fn write_before(settings: &Settings, late: &Late) {
        late.0.end_with(settings);
        PROCESS.sink.end_with(settings);
    }
}

/// Writes what was recorded outside of invocations, if there is a [`MetricsLayer`](super::MetricsLayer). The next invocation
/// does the same; this is for the end of the process.
pub fn flush() {
    let late: Vec<_> = LATE.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
    late.iter().for_each(|late| late.end(false));
    flush_process();
}

fn flush_process() {
    if let Some(settings) = FIRST.get() {
        PROCESS.sink.end_with(settings);
    }
}

fn owned<N: Into<String>, V: Display>(dimensions: impl IntoIterator<Item = (N, V)>) -> Vec<Dimension> {
    dimensions.into_iter().map(|(name, value)| (name.into(), value.to_string())).collect()
}

impl Sink {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A state is changed by steps that do not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> Option<&Settings> {
        self.settings.as_deref().or_else(|| FIRST.get().map(|settings| &**settings))
    }

    /// Changes the state: of the layer, once the invocation is over. A full one is written.
    fn change<R>(&self, change: impl FnOnce(&mut State, Option<&Settings>) -> R) -> R {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            return self.late.as_deref().unwrap_or(&PROCESS.sink).change(change);
        }
        let result = change(&mut state, self.settings());
        let full = state.is_full().then(|| state.take_metrics());
        drop(state);
        if let Some(full) = full {
            write(self.settings(), &full);
        }
        if self.settings.is_none() && crate::core::invocation::has_begun() {
            warn_without_layer();
        }
        result
    }

    fn write_early(&self) {
        let metrics = self.lock().take_metrics();
        write(self.settings(), &metrics);
    }

    fn end(&self, close: bool) {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            if let Some(late) = &self.late {
                late.end(false);
            }
            return flush_process();
        }
        let after = if close { State::closed() } else { State::default() };
        let ended = std::mem::replace(&mut *state, after);
        drop(state);
        write(self.settings(), &ended);
    }

    fn end_with(&self, settings: &Settings) {
        let mut state = self.lock();
        if state.is_empty() {
            return;
        }
        let ended = std::mem::take(&mut *state);
        drop(state);
        write(Some(settings), &ended);
    }
}

/// Writes the metrics of a state, in one write, and warns of those that are lost. Never while a state is locked: a clock or a
/// writer of the user's, and whoever writes the warning, may record metrics.
fn write(settings: Option<&Settings>, state: &State) {
    if state.is_empty() {
        return;
    }
    let lost = match settings {
        Some(settings) if settings.disabled => None,
        Some(settings) => {
            let mut blobs = Vec::with_capacity(1024);
            let left_out = blob::write(settings, state, &mut blobs);
            settings.output.write(&blobs);
            let names = || left_out.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
            (!left_out.is_empty()).then(|| format!("a dimension of the layer has the same name: {}", names()))
        }
        None => Some("the function has no MetricsLayer to write them".to_owned()),
    };
    if let Some(why) = lost {
        tracing::warn!(why, "metrics are lost");
    }
}

/// Warns, once in a process, that what is recorded in invocations is never written.
fn warn_without_layer() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if FIRST.get().is_none() && !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "metrics are recorded and never written: the function has no MetricsLayer. Add one, as in \
             #[lambda_handler(outer = MetricsLayer::new())]"
        );
    }
}

/// A handle that nothing has written: of a test, or of a task that was forgotten.
impl Drop for Sink {
    fn drop(&mut self) {
        if self.settings.is_some() {
            self.end(true);
        }
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late").finish_non_exhaustive()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("settings", &self.sink.settings).field("labels", &self.labels()).finish()
    }
}

impl FromInvocation for Metrics {
    async fn from_invocation(_: &Invocation) -> Result<Self, BoxError> {
        Ok(Self::of_invocation())
    }
}
