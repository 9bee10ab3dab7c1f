//! [`MaxAge`]: the maximum age of a value that a read returns.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use super::cache::{Cache, CacheError};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum MaxAge {
    /// The time to live of the cache.
    #[default]
    TimeToLive,
    Of(Duration),
    Forced,
}

impl MaxAge {
    pub(crate) async fn read<K, V>(self, cache: &Cache<K, V>, key: &K) -> Result<Arc<V>, CacheError>
    where
        K: Clone + Eq + Hash + fmt::Display + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        match self {
            Self::TimeToLive => cache.get(key).await,
            Self::Of(max_age) => cache.get_within(key, max_age).await,
            Self::Forced => cache.fetch(key).await,
        }
    }
}
