//! [`CacheError`] and [`Refused`]: the errors of an unavailable value and of a refused one.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::core::error::{BoxError, chain, with_sources};

/// The error of a source that refuses to return a value: the value does not exist, or access is denied.
///
/// A cache returns a refusal immediately and removes the cached value. Any other error counts as an outage of the
/// source, during which the last good value is used. The sources for AWS distinguish the two themselves; your own
/// source returns this type.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::config::cache::{Cache, Refused};
///
/// async fn read(key: String) -> Result<u32, BoxError> {
///     match key.as_str() {
///         "umbrella" => Ok(8),
///         _ => Err(Refused::new("there is no such article").into()),
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// let lengths = Cache::new(read);
/// let error = lengths.get(&"boat".to_owned()).await.unwrap_err();
/// assert!(error.is_refused());
/// # Ok::<(), BoxError>(()) })?;
/// # Ok::<(), BoxError>(())
/// ```
pub struct Refused(BoxError);

impl Refused {
    /// Creates a refusal with the message and the source of this reason.
    pub fn new(reason: impl Into<BoxError>) -> Self {
        Self(reason.into())
    }

    /// Returns `true` if an error, or one of its causes, is a refusal.
    pub(crate) fn is_in(error: &(dyn StdError + 'static)) -> bool {
        with_sources(error).any(|error| error.is::<Self>())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&Chain(self)).finish()
    }
}

impl StdError for Refused {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Shows an error in the `Debug` of another one: the messages of its chain instead of its `Debug`, which may contain
/// parts of a response.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn StdError + 'static));

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.0).join(": "))
    }
}

/// The error of an unavailable value. It names the key; its source is the reason.
#[derive(Clone)]
pub struct CacheError {
    key: String,
    reason: Arc<dyn StdError + Send + Sync>,
}

impl CacheError {
    pub(super) fn new(key: &impl fmt::Display, reason: Arc<dyn StdError + Send + Sync>) -> Self {
        Self { key: key.to_string(), reason }
    }

    /// Returns `true` if the source refused to return the value ([`Refused`]); an outage is not a refusal.
    pub fn is_refused(&self) -> bool {
        Refused::is_in(&*self.reason)
    }

    /// Returns the reason.
    #[cfg(any(feature = "secrets", feature = "_parameters"))]
    pub(crate) fn into_reason(self) -> Arc<dyn StdError + Send + Sync> {
        self.reason
    }
}

impl fmt::Debug for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CacheError").field(&Chain(self)).finish()
    }
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not get {}", self.key)
    }
}

impl StdError for CacheError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.reason)
    }
}
