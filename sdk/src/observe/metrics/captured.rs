//! [`CapturedMetrics`]: a writer that keeps the blobs, for tests; [`CallOutput`]: the destination of the blobs of a test's calls.

use std::io::{self, Write};
#[cfg(feature = "testing")]
use std::sync::{Arc, Mutex};

use serde_json::Value;

#[cfg(feature = "testing")]
use super::settings::{Output, Settings};
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

/// The destination of the blobs of a call by [`Caller`](crate::testing::Caller), in the extensions of its invocation.
#[cfg(feature = "testing")]
#[derive(Clone, Debug, Default)]
pub(crate) enum CallOutput {
    /// Standard error, as the test harness captures it.
    #[default]
    Printed,
    #[cfg_attr(not(feature = "logging"), allow(dead_code, reason = "`Caller::without_logs` needs the feature"))]
    Discarded,
    Captured(CapturedMetrics),
}

#[cfg(feature = "testing")]
impl CallOutput {
    /// Returns the settings with this destination. A writer of the layer is replaced only by captured metrics.
    pub(super) fn apply(&self, settings: &Arc<Settings>) -> Arc<Settings> {
        let writer: Box<dyn Write + Send> = match self {
            Self::Captured(captured) => Box::new(captured.clone()),
            _ if matches!(settings.output, Output::Writer(_)) => return Arc::clone(settings),
            Self::Printed => Box::new(Printed),
            Self::Discarded => Box::new(io::sink()),
        };
        let output = Output::Writer(Arc::new(Mutex::new(writer)));
        Arc::new(Settings { output, ..Settings::clone(settings) })
    }
}

/// Prints by the macro, whose output the test harness captures; it does not capture direct writes to standard error.
#[cfg(feature = "testing")]
struct Printed;

#[cfg(feature = "testing")]
impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        eprint!("{}", String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
