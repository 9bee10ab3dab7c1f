//! [`CapturedLogs`]: a writer that keeps the lines, for tests.

use std::io::{self, Write};

use serde_json::Value;

use crate::observe::capture::Capture;

/// A writer that keeps the lines, for tests. Clones share them. See [`Logs`](super::Logs) for an example.
#[derive(Clone, Debug, Default)]
pub struct CapturedLogs(Capture<u8>);

impl CapturedLogs {
    /// For a process of its own, whose only subscriber writes here.
    #[cfg(test)]
    pub(super) fn alone() -> Self {
        Self(Capture::alone())
    }

    /// Returns the text of all lines.
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// Returns the lines, decoded.
    ///
    /// # Panics
    ///
    /// If a line is not JSON: the format is `Text`, or the line is broken.
    pub fn lines(&self) -> Vec<Value> {
        self.0.json_lines()
    }
}

impl Write for CapturedLogs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
