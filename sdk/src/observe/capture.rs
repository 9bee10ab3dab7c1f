//! [`Capture`]: keeps output in memory instead of writing or sending it, for tests.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

/// While one subscriber is alive, `tracing` checks only on the thread that reaches a line first whether it is enabled,
/// and remembers the result for all threads. This keeps a second one alive, so that tests on several threads do not
/// lose lines and spans.
pub(crate) fn check_on_each_thread() {
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));
    LazyLock::force(&SECOND);
}

/// Items that are kept in the order of their arrival. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Capture<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Capture<T> {
    fn default() -> Self {
        check_on_each_thread();
        Self(Arc::default())
    }
}

impl<T> Capture<T> {
    /// For a process of its own, with one subscriber.
    #[cfg(test)]
    #[cfg(feature = "logging")]
    pub(super) fn alone() -> Self {
        Self(Arc::default())
    }

    /// Locks the items.
    pub(super) fn items(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Capture<u8> {
    /// Keeps all of these bytes.
    pub(super) fn write(&self, bytes: &[u8]) -> std::io::Result<usize> {
        self.items().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Returns all bytes as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.items()).into_owned()
    }

    /// Returns the lines, decoded. It panics if one of them is not JSON.
    pub(super) fn json_lines(&self) -> Vec<serde_json::Value> {
        let decode = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in the line {line:?}"));
        self.text().lines().map(decode).collect()
    }
}
