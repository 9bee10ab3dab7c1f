//! [`BuiltIn`]: metrics that Pilaster's own rooms record, where the layer turns them on.

use super::current::Metrics;
use super::state::{Datum, Kind};
use super::unit::Unit;

/// A metric that a room records by itself, if
/// [`MetricsLayer::built_in`](super::MetricsLayer::built_in) turns it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuiltIn {
    /// `InvocationLatency`, in milliseconds: from the layer to the answer, failed invocations and cancelled ones as well.
    Latency,
    /// `RecordFailures`: the records of an invocation that failed.
    RecordFailures,
    /// `CacheHits`: values that were taken from a cache of this process.
    CacheHits,
    /// `IdempotentReplays`: answers that were replayed instead of computed.
    IdempotentReplays,
}

impl BuiltIn {
    /// The name of the metric.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "InvocationLatency",
            Self::RecordFailures => "RecordFailures",
            Self::CacheHits => "CacheHits",
            Self::IdempotentReplays => "IdempotentReplays",
        }
    }

    /// Its unit.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Latency => Unit::Milliseconds,
            Self::RecordFailures | Self::CacheHits | Self::IdempotentReplays => Unit::Count,
        }
    }

    /// Records it for the current invocation, if its layer asked for it. Counts are added up: one value an invocation.
    ///
    /// For the rooms that know of such an event; a function with a cache of its own may tell of its hits as well.
    pub fn record(self, value: f64) {
        self.record_in(&Metrics::current(), value);
    }

    pub(super) fn record_in(self, metrics: &Metrics, value: f64) {
        if !metrics.asks_for(self) {
            return;
        }
        let kind = match self {
            Self::Latency => Kind::Each,
            Self::RecordFailures | Self::CacheHits | Self::IdempotentReplays => Kind::Sum,
        };
        let datum = Datum { name: self.name(), unit: self.unit(), high_resolution: false, kind, value };
        metrics.record_or_warn(&[], datum);
    }
}
