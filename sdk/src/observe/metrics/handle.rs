//! [`Metrics`]: records the metrics of one invocation.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::buffer::{Aggregation, Measurement};
use super::built_in::BuiltIn;
use super::dimensions::Dimension;
use super::error::{Kind as ErrorKind, MetricsError, shown};
use super::limits;
use super::settings::{Settings, milliseconds};
use super::sink::{Late, Sink, warn_without_layer};
use super::unit::Unit;
use crate::core::error::BoxError;
use crate::core::invocation::{FromInvocation, Invocation};

tokio::task_local! {
    static CURRENT: Metrics;
}

/// The recorder of an invocation's metrics: an argument of handlers, or [`Metrics::current`]. Cheap to clone.
///
/// The metrics are written when the invocation ends, even if it fails, panics or is dropped. See the
/// [module docs](super).
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use pilaster::observe::metrics::{CapturedMetrics, MetricsLayer, Unit};
///
/// let captured = CapturedMetrics::default();
/// let metrics = MetricsLayer::new().namespace("Shop").service("payment").writer(captured.clone()).metrics();
///
/// metrics.dimension("environment", "prod")?;
/// metrics.metadata("order", 42)?;
/// metrics.count("Orders", 1)?;
/// metrics.add("Basket", Unit::Bytes, 1024.0)?;
/// metrics.add_high_resolution("Queue", Unit::Count, 3.0)?;
/// metrics.duration("Charge", Duration::from_micros(12_500))?;
/// metrics.labelled([("method", "card")])?.count("Payments", 1)?; // a separate blob
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

impl Metrics {
    pub(super) fn new(settings: Option<Arc<Settings>>, late: Option<&Late>) -> Self {
        Self { sink: Arc::new(Sink::new(settings, late)), labels: None }
    }

    /// Returns the metrics of the invocation that runs here; outside of one, those of the process, which are written
    /// with the next invocation.
    ///
    /// A task that is spawned is outside: move a clone into it, or run it [within](Self::scope).
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_else(|_| Self { sink: Sink::of_process(), labels: None })
    }

    /// Returns the metrics of an invocation, as its argument.
    pub(crate) fn of_invocation() -> Self {
        let current = Self::current();
        if current.sink.is_of_process() {
            warn_without_layer();
        }
        current
    }

    /// Records a value. Values of the same name are in one array of one blob.
    ///
    /// # Errors
    ///
    /// If CloudWatch rejects the name or the value, if the name is already used in this blob, or if the metric has
    /// another unit.
    pub fn add(&self, name: &str, unit: Unit, value: f64) -> Result<(), MetricsError> {
        self.record(Measurement { name, unit, high_resolution: false, aggregation: Aggregation::Each, value })
    }

    /// Records a value like [`add`](Self::add), which CloudWatch stores per second instead of per minute
    /// (`StorageResolution` 1).
    ///
    /// # Errors
    ///
    /// The same as those of [`add`](Self::add).
    pub fn add_high_resolution(&self, name: &str, unit: Unit, value: f64) -> Result<(), MetricsError> {
        self.record(Measurement { name, unit, high_resolution: true, aggregation: Aggregation::Each, value })
    }

    /// Records a number like [`add`](Self::add), in [`Unit::Count`].
    ///
    /// # Errors
    ///
    /// The same as those of [`add`](Self::add).
    pub fn count(&self, name: &str, number: u64) -> Result<(), MetricsError> {
        self.add(name, Unit::Count, number as f64)
    }

    /// Records a duration like [`add`](Self::add), in [`Unit::Milliseconds`].
    ///
    /// # Errors
    ///
    /// The same as those of [`add`](Self::add).
    pub fn duration(&self, name: &str, passed: Duration) -> Result<(), MetricsError> {
        self.add(name, Unit::Milliseconds, passed.as_secs_f64() * 1_000.0)
    }

    /// Adds a dimension to all metrics of this invocation, including those recorded before. It replaces another value
    /// of the dimension, and logs a warning.
    ///
    /// # Errors
    ///
    /// If CloudWatch rejects the name or the value, if the name is already used, or if there are more than 30
    /// dimensions.
    pub fn dimension(&self, name: &str, value: impl Display) -> Result<(), MetricsError> {
        let value = value.to_string();
        if self.sink.change(|buffer, settings| buffer.dimension(settings, name, &value))? {
            tracing::warn!(dimension = name, "the dimension had another value in this invocation, which was replaced");
        }
        Ok(())
    }

    /// Adds a set of dimensions: CloudWatch creates a series of each metric for each set. Each set has the layer's
    /// default dimensions; only the first has the service.
    ///
    /// # Errors
    ///
    /// The same as those of [`dimension`](Self::dimension), or if a dimension has another value in this invocation.
    pub fn dimension_set<N: Into<String>, V: Display>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), MetricsError> {
        let set = owned(dimensions);
        self.sink.change(|buffer, settings| buffer.set(settings, set))
    }

    /// Returns the metrics of the same invocation with additional dimensions. Its values are in a separate blob.
    ///
    /// CloudWatch charges for each combination of values; a value from a request can create very many.
    ///
    /// # Errors
    ///
    /// If CloudWatch rejects a name or a value, or if there are more than 30 dimensions.
    pub fn labelled<N: Into<String>, V: Display>(
        &self,
        dimensions: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, MetricsError> {
        let mut labels = self.labels().to_vec();
        for (name, value) in owned(dimensions) {
            limits::dimension(&name, &value)?;
            labels.retain(|(other, _)| *other != name);
            labels.push((name, value));
        }
        limits::too_many(labels.len())?;
        Ok(Self { sink: Arc::clone(&self.sink), labels: Some(labels.into()) })
    }

    /// Adds a JSON value to each blob of this invocation, beside the metrics, for searching instead of aggregation.
    ///
    /// # Errors
    ///
    /// If the name is already used, if the value cannot be serialised, or beyond 128 KB of metadata and dimensions.
    pub fn metadata(&self, key: &str, value: impl Serialize) -> Result<(), MetricsError> {
        let mut json = serde_json::to_string(&value).map_err(|error| {
            MetricsError::new(
                ErrorKind::Metadata,
                format!("the metadata {} could not be serialised: {error}", shown(key)),
            )
        })?;
        if json.contains(['\n', '\r']) {
            // A `RawValue` may have line breaks between its parts, which would begin another blob.
            json = json.replace(['\n', '\r'], " ");
        }
        self.sink.change(|buffer, settings| buffer.metadata(settings, key, json))
    }

    /// Sets the time of this invocation's metrics, which is otherwise the time of their writing.
    ///
    /// # Errors
    ///
    /// If the time is more than
    /// [14 days ago or 2 hours ahead](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html).
    pub fn timestamp(&self, time: SystemTime) -> Result<(), MetricsError> {
        const OLDEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);
        const NEWEST: Duration = Duration::from_secs(2 * 60 * 60);
        let now = self.sink.settings().map_or_else(SystemTime::now, Settings::now);
        self.sink.change(|buffer, _| {
            let age = now.duration_since(time).unwrap_or_default();
            let ahead = time.duration_since(now).unwrap_or_default();
            if age > OLDEST || ahead > NEWEST {
                let message = "the time of a metric must be within the last 14 days or the next 2 hours";
                return Err(MetricsError::new(ErrorKind::Timestamp, message));
            }
            buffer.timestamp = Some(milliseconds(time));
            Ok(())
        })
    }

    /// Writes the recorded values now, and discards this invocation's dimensions, metadata and time, but not the
    /// layer's default dimensions. The end of the invocation does the same, so it need not be called.
    pub fn flush(&self) {
        self.sink.end(false);
    }

    /// Runs the future as a part of this invocation, for a task that is spawned: values that it records by
    /// [`Metrics::current`] or the facade belong to the invocation.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::observe::metrics::{CapturedMetrics, Metrics, MetricsLayer};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let captured = CapturedMetrics::default();
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

    fn record(&self, measurement: Measurement<'_>) -> Result<(), MetricsError> {
        self.sink.change(|buffer, settings| buffer.record(settings, self.labels(), measurement))
    }

    /// Records a value for a caller that cannot handle an error: the first error in the invocation is logged as a
    /// warning.
    pub(super) fn record_or_warn(&self, labels: &[Dimension], measurement: Measurement<'_>) {
        let refused = self.sink.change(|buffer, settings| {
            let labelled: Vec<Dimension>;
            let labels = match self.labels() {
                [] => labels,
                own => {
                    labelled = own.iter().chain(labels).cloned().collect();
                    &labelled
                }
            };
            let recorded = buffer.record(settings, labels, measurement);
            recorded.err().filter(|_| buffer.warns(measurement.name))
        });
        if let Some(error) = refused {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(metric = shown(measurement.name), error, "a metric was not recorded");
        }
    }

    /// Returns `true` if the facade's metric of this name is of high resolution.
    pub(super) fn is_high_resolution(&self, name: &str) -> bool {
        self.sink.settings().is_some_and(|settings| settings.high_resolution.iter().any(|high| high == name))
    }

    pub(super) fn asks_for(&self, built_in: BuiltIn) -> bool {
        self.sink.settings().is_some_and(|settings| settings.built_in.contains(&built_in))
    }

    pub(super) fn write_early(&self) {
        self.sink.write_early();
    }

    /// Ends the invocation: later values belong to its layer.
    pub(super) fn close(&self) {
        self.sink.end(true);
    }
}

fn owned<N: Into<String>, V: Display>(dimensions: impl IntoIterator<Item = (N, V)>) -> Vec<Dimension> {
    dimensions.into_iter().map(|(name, value)| (name.into(), value.to_string())).collect()
}

impl BuiltIn {
    /// Records the metric for the current invocation, if its layer enables it. Counts are added up to one value per
    /// invocation. A function with its own cache can record its hits.
    pub fn record(self, value: f64) {
        self.record_in(&Metrics::current(), value);
    }

    pub(super) fn record_in(self, metrics: &Metrics, value: f64) {
        if !metrics.asks_for(self) {
            return;
        }
        let aggregation = match self {
            Self::Latency => Aggregation::Each,
            Self::RecordFailures
            | Self::CacheHits
            | Self::IdempotentReplays
            | Self::RateLimitRefusals
            | Self::RateLimitFailures => Aggregation::Sum,
        };
        let measurement =
            Measurement { name: self.name(), unit: self.unit(), high_resolution: false, aggregation, value };
        metrics.record_or_warn(&[], measurement);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("sink", &self.sink).field("labels", &self.labels()).finish()
    }
}

impl FromInvocation for Metrics {
    async fn from_invocation(_: &Invocation) -> Result<Self, BoxError> {
        Ok(Self::of_invocation())
    }
}
