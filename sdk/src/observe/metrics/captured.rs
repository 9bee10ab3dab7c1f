//! [`CapturedMetrics`]: a writer that keeps the blobs, for tests.

use std::io::{self, Write};

use serde_json::Value;

use crate::observe::capture::Capture;

/// A writer that keeps the blobs, for tests. Clones share them. See the [module docs](super) for an example.
#[derive(Clone, Debug, Default)]
pub struct CapturedMetrics(Capture<u8>);

impl CapturedMetrics {
    /// Returns the text of all blobs.
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// Returns the blobs, decoded, in the order in which they were written.
    ///
    /// # Panics
    ///
    /// If a blob is not JSON.
    pub fn blobs(&self) -> Vec<Value> {
        self.0.json_lines()
    }

    /// Returns all values of a metric, of all blobs.
    ///
    /// # Panics
    ///
    /// If a blob is not JSON.
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

impl Write for CapturedMetrics {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
