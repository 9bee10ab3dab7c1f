//! The [`Store`] trait, with implementations in memory and in DynamoDB.

#[cfg(feature = "dynamodb")]
mod dynamodb;
mod memory;
#[cfg(any(feature = "dynamodb", test))]
mod steps;

use std::pin::Pin;
use std::time::SystemTime;

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::DynamoDbStore;
pub use self::memory::MemoryStore;
use super::quota::{Quota, Taken};
use crate::core::error::BoxError;

/// Keeps the state of each key, a time, and advances it.
pub trait Store: Send + Sync + 'static {
    /// Takes a request at `now` from a key, as [`Quota::take`] does, in one atomic step: of two requests at the same
    /// time, the second one sees the state after the first. `key` is a hash with a name before it, and belongs to this
    /// quota alone. The state is not needed after the time that it shows.
    ///
    /// # Errors
    ///
    /// The state may or may not have advanced.
    fn take(&self, key: &str, quota: &Quota, now: SystemTime) -> impl Future<Output = Result<Taken, BoxError>> + Send;
}

/// An object-safe [`Store`].
pub(super) trait DynStore: Send + Sync {
    fn take<'a>(
        &'a self,
        key: &'a str,
        quota: &'a Quota,
        now: SystemTime,
    ) -> Pin<Box<dyn Future<Output = Result<Taken, BoxError>> + Send + 'a>>;
}

impl<S: Store> DynStore for S {
    fn take<'a>(
        &'a self,
        key: &'a str,
        quota: &'a Quota,
        now: SystemTime,
    ) -> Pin<Box<dyn Future<Output = Result<Taken, BoxError>> + Send + 'a>> {
        Box::pin(Store::take(self, key, quota, now))
    }
}
