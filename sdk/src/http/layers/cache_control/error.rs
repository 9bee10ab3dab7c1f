//! [`CacheControlError`]: a value or a rule that caches would ignore.

use std::error::Error as StdError;
use std::fmt;

/// A mistake in a [`CacheControlLayer`](super::CacheControlLayer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheControlError {
    sentence: String,
}

impl CacheControlError {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into() }
    }
}

impl fmt::Display for CacheControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cache control: {}", self.sentence)
    }
}

impl StdError for CacheControlError {}
