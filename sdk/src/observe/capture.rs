//! [`Capture`]: keeps output in memory instead of writing or sending it, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Items that are kept in the order of their arrival. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Capture<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Capture<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Capture<T> {
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
