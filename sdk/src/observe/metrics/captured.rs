//! [`Captured`]: a writer that keeps the blobs, for tests.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// A writer that keeps what is written. Clones share it. See the [module docs](super) for an example.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// All that was written.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// The blobs, decoded, in the order in which they were written.
    ///
    /// # Panics
    ///
    /// One of them is no JSON.
    pub fn blobs(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in the blob {line:?}"));
        self.text().lines().map(read).collect()
    }

    /// All values of a metric, of all blobs.
    ///
    /// # Panics
    ///
    /// A blob is no JSON.
    pub fn values(&self, metric: &str) -> Vec<f64> {
        let blobs = self.blobs();
        let declares = |blob: &&Value| {
            let metrics = blob["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array();
            metrics.is_some_and(|metrics| metrics.iter().any(|declared| declared["Name"] == metric))
        };
        let values = blobs.iter().filter(declares).filter_map(|blob| blob[metric].as_array());
        values.flatten().filter_map(Value::as_f64).collect()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
