//! Layers with explicit variables, since a test cannot change the environment of its process.

/// Returns the layer of [`MetricsLayer::from_env`](crate::MetricsLayer::from_env), with variables from `lookup`.
///
/// # Example
///
/// ```
/// use pilaster::testing::metrics_layer;
///
/// let layer = metrics_layer(|name| (name == "POWERTOOLS_METRICS_NAMESPACE").then(|| "Shop".to_owned()));
/// layer.metrics().count("Orders", 1)?;
/// # Ok::<(), pilaster::observe::metrics::MetricsError>(())
/// ```
#[cfg(feature = "metrics")]
pub fn metrics_layer(lookup: impl Fn(&str) -> Option<String>) -> crate::MetricsLayer {
    crate::MetricsLayer::from_vars(lookup)
}

/// Returns the layer of [`TracesLayer::from_env`](crate::TracesLayer::from_env), with variables from `lookup`.
///
/// # Example
///
/// ```
/// use pilaster::testing::traces_layer;
///
/// let layer = traces_layer(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".to_owned()));
/// # let _ = layer;
/// ```
#[cfg(feature = "otel")]
pub fn traces_layer(lookup: impl Fn(&str) -> Option<String>) -> crate::TracesLayer {
    crate::TracesLayer::from_vars(lookup)
}
