//! Logs, metrics and traces.

pub(crate) mod capture;

#[cfg(feature = "logging")]
pub mod logging;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "otel")]
pub mod traces;
