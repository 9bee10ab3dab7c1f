//! The recorder behind the `metrics` crate's macros.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use ::metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString,
    Unit as FacadeUnit,
};

use super::buffer::{Aggregation, Measurement};
use super::dimensions::Dimension;
use super::handle::Metrics;
use super::unit::Unit;

/// Installs the recorder of the facade's macros. If the process has another recorder, that one stays.
pub(super) fn install() {
    static INSTALLED: LazyLock<bool> = LazyLock::new(|| ::metrics::set_global_recorder(Facade).is_ok());
    if !*INSTALLED {
        tracing::warn!("the `metrics` crate already has a recorder: Pilaster does not write the metrics of its macros");
    }
}

/// The units from `describe_counter!` and similar macros.
static UNITS: RwLock<Option<HashMap<KeyName, FacadeUnit>>> = RwLock::new(None);

/// The levels of gauges, and of counters that are set absolutely. The process keeps them between invocations.
static LEVELS: Mutex<Option<HashMap<Key, f64>>> = Mutex::new(None);

/// The maximum number of levels, which bounds memory if labels come from requests: any other gauge starts at 0 each
/// time.
const LEVELS_KEPT: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Facade;

impl Facade {
    fn describe(key: KeyName, unit: Option<FacadeUnit>) {
        if let Some(unit) = unit {
            UNITS.write().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(key, unit);
        }
    }
}

impl Recorder for Facade {
    fn describe_counter(&self, key: KeyName, unit: Option<FacadeUnit>, _: SharedString) {
        Self::describe(key, unit);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<FacadeUnit>, _: SharedString) {
        Self::describe(key, unit);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<FacadeUnit>, _: SharedString) {
        Self::describe(key, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Handle(key.clone())))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Handle(key.clone())))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Handle(key.clone())))
    }
}

/// A metric of the facade. It finds the current invocation at each value, since it may be kept in a `static`.
struct Handle(Key);

impl Handle {
    fn record(&self, aggregation: Aggregation, default: Unit, value: f64) {
        let name = self.0.name();
        let (unit, factor) = described(name).unwrap_or((default, 1.0));
        let labels: Vec<Dimension> =
            self.0.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
        let metrics = Metrics::current();
        let high_resolution = metrics.is_high_resolution(name);
        metrics
            .record_or_warn(&labels, Measurement { name, unit, high_resolution, aggregation, value: value * factor });
    }

    /// Changes the level of this metric, and returns the level before and after.
    fn level(&self, change: impl FnOnce(f64) -> f64) -> (f64, f64) {
        let mut levels = LEVELS.lock().unwrap_or_else(PoisonError::into_inner);
        let levels = levels.get_or_insert_default();
        let before = levels.get(&self.0).copied().unwrap_or_default();
        let after = change(before);
        // A non-finite level would never recover.
        if after.is_finite() && (levels.len() < LEVELS_KEPT || levels.contains_key(&self.0)) {
            levels.insert(self.0.clone(), after);
        }
        (before, after)
    }

    fn set_gauge(&self, change: impl FnOnce(f64) -> f64) {
        let (_, level) = self.level(change);
        self.record(Aggregation::Last, Unit::None, level);
    }
}

/// The increments of an invocation are added up into one value.
impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.record(Aggregation::Sum, Unit::Count, value as f64);
    }

    fn absolute(&self, value: u64) {
        let (before, after) = self.level(|before| before.max(value as f64));
        self.record(Aggregation::Sum, Unit::Count, after - before);
    }
}

/// The last level of an invocation is its value.
impl GaugeFn for Handle {
    fn increment(&self, value: f64) {
        self.set_gauge(|level| level + value);
    }

    fn decrement(&self, value: f64) {
        self.set_gauge(|level| level - value);
    }

    fn set(&self, value: f64) {
        self.set_gauge(|_| value);
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.record(Aggregation::Each, Unit::None, value);
    }
}

/// Returns CloudWatch's unit, and the factor by which a value is converted to it.
fn described(name: &str) -> Option<(Unit, f64)> {
    let units = UNITS.read().unwrap_or_else(PoisonError::into_inner);
    let unit = *units.as_ref()?.get(name)?;
    Some(match unit {
        FacadeUnit::Count => (Unit::Count, 1.0),
        FacadeUnit::Percent => (Unit::Percent, 1.0),
        FacadeUnit::Seconds => (Unit::Seconds, 1.0),
        FacadeUnit::Milliseconds => (Unit::Milliseconds, 1.0),
        FacadeUnit::Microseconds => (Unit::Microseconds, 1.0),
        FacadeUnit::Nanoseconds => (Unit::Microseconds, 1e-3),
        FacadeUnit::Bytes => (Unit::Bytes, 1.0),
        FacadeUnit::Kibibytes => (Unit::Bytes, 1024.0),
        FacadeUnit::Mebibytes => (Unit::Bytes, 1024.0 * 1024.0),
        FacadeUnit::Gibibytes => (Unit::Bytes, 1024.0 * 1024.0 * 1024.0),
        FacadeUnit::Tebibytes => (Unit::Bytes, 1024.0 * 1024.0 * 1024.0 * 1024.0),
        FacadeUnit::BitsPerSecond => (Unit::BitsPerSecond, 1.0),
        FacadeUnit::KilobitsPerSecond => (Unit::KilobitsPerSecond, 1.0),
        FacadeUnit::MegabitsPerSecond => (Unit::MegabitsPerSecond, 1.0),
        FacadeUnit::GigabitsPerSecond => (Unit::GigabitsPerSecond, 1.0),
        FacadeUnit::TerabitsPerSecond => (Unit::TerabitsPerSecond, 1.0),
        FacadeUnit::CountPerSecond => (Unit::CountPerSecond, 1.0),
    })
}
