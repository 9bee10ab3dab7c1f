//! The recorder behind the `metrics` crate's macros.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use ::metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString,
    Unit as FacadeUnit,
};

use super::check::Dimension;
use super::current::Metrics;
use super::state::{Datum, Kind};
use super::unit::Unit;

/// Makes the facade's macros record here. If the function has chosen another recorder, that one stays.
pub(super) fn install() {
    static INSTALLED: LazyLock<bool> = LazyLock::new(|| ::metrics::set_global_recorder(Facade).is_ok());
    if !*INSTALLED {
        tracing::warn!(
            "the macros of `metrics` have a recorder already: what they record is not in Pilaster's metrics"
        );
    }
}

/// What `describe_counter!` and its like said.
static UNITS: RwLock<Option<HashMap<KeyName, FacadeUnit>>> = RwLock::new(None);

/// What a process keeps from one invocation to the next: the level of gauges, and the state of counters that are set.
static LEVELS: Mutex<Option<HashMap<Key, f64>>> = Mutex::new(None);

/// How many of them; beyond, a gauge starts at 0 each time. It bounds memory where labels come from requests.
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

/// Looks for the current invocation at each value, not when it is made: it may be kept in a `static`.
struct Handle(Key);

impl Handle {
    fn record(&self, kind: Kind, default: Unit, value: f64) {
        let name = self.0.name();
        let (unit, factor) = described(name).unwrap_or((default, 1.0));
        let labels: Vec<Dimension> =
            self.0.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
        let metrics = Metrics::current();
        let high_resolution = metrics.is_high_resolution(name);
        metrics.record_or_warn(&labels, Datum { name, unit, high_resolution, kind, value: value * factor });
    }

    /// Changes what the process keeps of this metric, and gives back what it was and what it is.
    fn level(&self, change: impl FnOnce(f64) -> f64) -> (f64, f64) {
        let mut levels = LEVELS.lock().unwrap_or_else(PoisonError::into_inner);
        let levels = levels.get_or_insert_default();
        let before = levels.get(&self.0).copied().unwrap_or_default();
        let after = change(before);
        // What follows one that is not finite would not be either.
        if after.is_finite() && (levels.len() < LEVELS_KEPT || levels.contains_key(&self.0)) {
            levels.insert(self.0.clone(), after);
        }
        (before, after)
    }

    fn set_gauge(&self, change: impl FnOnce(f64) -> f64) {
        let (_, level) = self.level(change);
        self.record(Kind::Last, Unit::None, level);
    }
}

/// Increments of an invocation are added up to one value.
impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.record(Kind::Sum, Unit::Count, value as f64);
    }

    fn absolute(&self, value: u64) {
        let (before, after) = self.level(|before| before.max(value as f64));
        self.record(Kind::Sum, Unit::Count, after - before);
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
        self.record(Kind::Each, Unit::None, value);
    }
}

/// CloudWatch's unit, and what a value is multiplied by to be in it.
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
