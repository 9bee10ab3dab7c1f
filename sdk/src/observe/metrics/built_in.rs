//! [`BuiltIn`]: the metrics that Pilaster records, if the layer enables them.

use super::unit::Unit;

/// A metric that Pilaster records, if [`MetricsLayer::built_in`](super::MetricsLayer::built_in) enables it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuiltIn {
    /// `InvocationLatency`, in milliseconds: the time within the layer, also of failed and cancelled invocations.
    Latency,
    /// `RecordFailures`: the number of records that failed in an invocation.
    RecordFailures,
    /// `CacheHits`: the number of values that came from a cache of this process.
    CacheHits,
    /// `IdempotentReplays`: the number of responses that were replayed instead of computed.
    IdempotentReplays,
    /// `RateLimitRefusals`: the number of requests that a rate limit refused.
    RateLimitRefusals,
    /// `RateLimitFailures`: the number of requests whose rate limit could not be checked.
    RateLimitFailures,
}

impl BuiltIn {
    /// Returns the name of the metric.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "InvocationLatency",
            Self::RecordFailures => "RecordFailures",
            Self::CacheHits => "CacheHits",
            Self::IdempotentReplays => "IdempotentReplays",
            Self::RateLimitRefusals => "RateLimitRefusals",
            Self::RateLimitFailures => "RateLimitFailures",
        }
    }

    /// Returns the unit of the metric.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Latency => Unit::Milliseconds,
            Self::RecordFailures
            | Self::CacheHits
            | Self::IdempotentReplays
            | Self::RateLimitRefusals
            | Self::RateLimitFailures => Unit::Count,
        }
    }
}
