//! [`MetricsError`]: the reason why CloudWatch would reject a metric, returned by the call.

use std::fmt;

/// The reason why a metric, a dimension or metadata was rejected. Nothing was recorded, and nothing was changed.
///
/// # Example
///
/// ```
/// use pilaster::observe::metrics::{MetricsLayer, Unit};
///
/// let metrics = MetricsLayer::new().namespace("Shop").metrics();
/// let error = metrics.add("Discount", Unit::Percent, f64::NAN).unwrap_err();
/// assert!(error.is_value());
/// assert_eq!(error.to_string(), "the metric \"Discount\" cannot have the value NaN: a value must be a number from -2^360 to 2^360");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MetricsError {
    kind: Kind,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Value,
    Taken,
    Mismatch,
    Dimension,
    TooManyDimensions,
    Metadata,
    TooLarge,
    Timestamp,
    Namespace,
}

impl MetricsError {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Returns `true` if the name of a metric is empty, too long, or has characters that CloudWatch rejects.
    pub fn is_name(&self) -> bool {
        self.kind == Kind::Name
    }

    /// Returns `true` if the value is not a number, or is beyond CloudWatch's range.
    pub fn is_value(&self) -> bool {
        self.kind == Kind::Value
    }

    /// Returns `true` if the name is already used in the blob, by a metric, a dimension or metadata.
    pub fn is_taken(&self) -> bool {
        self.kind == Kind::Taken
    }

    /// Returns `true` if the metric was recorded with another unit, resolution or kind in this invocation.
    pub fn is_mismatch(&self) -> bool {
        self.kind == Kind::Mismatch
    }

    /// Returns `true` if CloudWatch rejects the name or the value of a dimension.
    pub fn is_dimension(&self) -> bool {
        self.kind == Kind::Dimension
    }

    /// Returns `true` if a metric would have more than 30 dimensions.
    pub fn is_too_many_dimensions(&self) -> bool {
        self.kind == Kind::TooManyDimensions
    }

    /// Returns `true` if the dimensions and the metadata of the invocation would take more than half of a blob.
    pub fn is_too_large(&self) -> bool {
        self.kind == Kind::TooLarge
    }

    /// Returns `true` if metadata cannot be serialised, or has an empty or a reserved key.
    pub fn is_metadata(&self) -> bool {
        self.kind == Kind::Metadata
    }

    /// Returns `true` if a time is more than 14 days ago or more than 2 hours ahead.
    pub fn is_timestamp(&self) -> bool {
        self.kind == Kind::Timestamp
    }
}

impl fmt::Debug for MetricsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsError").field("kind", &self.kind).field("message", &self.message).finish()
    }
}

impl fmt::Display for MetricsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MetricsError {}

/// Returns a name for a message: quoted, escaped and of bounded length, since a caller may choose it.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}
