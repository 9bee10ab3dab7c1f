//! [`Buffer`]: lines that are written only if something fails.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::level::Level;

/// Buffers an invocation's `DEBUG` lines, and writes them, in order, before the first error line. An invocation that
/// succeeds drops them, so that a log has every detail of a failure and nothing else. The rules are those of
/// Powertools; [`LoggingLayer::buffer`](super::LoggingLayer::buffer) enables it.
///
/// - A line is buffered even if the log level excludes it: with `INFO`, a `debug!` is buffered. `TRACE` lines are
///   buffered only if the log level includes them. Lines that `AWS_LAMBDA_LOG_LEVEL` excludes are not buffered, since
///   Lambda drops them; if that leaves nothing to buffer, one `WARN` line reports it.
/// - Lines above the buffer's level are written immediately, so a buffered line can follow a later one.
/// - An `ERROR` or `FATAL` line, a panic and a failed invocation flush the buffer. So does
///   [`flush_buffer`](super::flush_buffer); [`clear_buffer`](super::clear_buffer) empties it.
/// - Each invocation has its own buffer, even with concurrency. Outside of an invocation, nothing is buffered.
/// - The buffer is bounded: the oldest lines are dropped first, and a `WARN` line reports this when the others are
///   written. A line that is larger than the whole buffer is written immediately.
/// - A sampled invocation writes all lines immediately.
///
/// # Example
///
/// ```
/// use lambda_runtime::LambdaEvent;
/// use pilaster::observe::logging::{Buffer, CapturedLogs, LoggingLayer, Logs};
/// use pilaster::{FunctionError, Incoming, Outgoing};
/// use serde_json::value::RawValue;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let captured = CapturedLogs::default();
/// let _guard = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
///
/// let handler = service_fn(async |incoming: Incoming| {
///     tracing::debug!("asking the bank");
///     match incoming.event.get() {
///         "true" => Outgoing::try_from(incoming.event),
///         _ => Err(FunctionError::new("Refused", "the bank refused")),
///     }
/// });
/// let layer = LoggingLayer::new().buffer(Buffer::new());
/// for event in ["true", "false"] {
///     let event = LambdaEvent::new(RawValue::from_string(event.into())?, Default::default());
///     let _ = ServiceBuilder::new().layer(layer.clone()).service(handler).oneshot(Incoming::new(event)).await;
/// }
///
/// let levels: Vec<_> = captured.lines().iter().map(|line| line["level"].clone()).collect();
/// assert_eq!(levels, ["DEBUG", "ERROR"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Buffer {
    pub(super) level: Level,
    max_bytes: usize,
    flush_on_error: bool,
}

impl Buffer {
    /// Buffers up to 20,480 bytes of `DEBUG` lines, as Powertools does.
    pub fn new() -> Self {
        Self { level: Level::Debug, max_bytes: 20_480, flush_on_error: true }
    }

    /// Sets the highest level that is buffered: `DEBUG` by default, `WARN` at most.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level.clamp(Level::Debug, Level::Warn);
        self
    }

    /// Sets the size of the buffer of one invocation, in bytes of lines: 20,480 by default.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets whether an `ERROR` line flushes the buffer: `true` by default. A panic and a failed invocation always do.
    pub fn flush_on_error(mut self, flush: bool) -> Self {
        self.flush_on_error = flush;
        self
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// The result of adding a line to the buffer.
pub(super) enum Offer {
    Buffered,
    /// The line must be written.
    Write,
    /// The line must be written after the buffered lines.
    Flush,
    /// The line must be written, since it is larger than the buffer, whose size in bytes this is.
    TooLarge(usize),
}

/// The buffer of one invocation.
#[derive(Debug)]
pub(super) struct InvocationBuffer {
    buffer: Buffer,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: VecDeque<Box<[u8]>>,
    /// Older lines were dropped.
    pub(super) evicted: bool,
    bytes: usize,
}

impl InvocationBuffer {
    pub(super) fn new(buffer: Buffer) -> Self {
        Self { buffer, lines: Mutex::default() }
    }

    pub(super) fn level(&self) -> Level {
        self.buffer.level
    }

    /// Buffers the line, or returns how to write it.
    pub(super) fn offer(&self, level: Level, line: &[u8]) -> Offer {
        let Buffer { level: limit, max_bytes, flush_on_error } = self.buffer;
        if level >= Level::Error && flush_on_error {
            return Offer::Flush;
        }
        if level > limit {
            return Offer::Write;
        }
        if line.len() > max_bytes {
            return Offer::TooLarge(max_bytes);
        }
        let mut buffered = self.lines();
        buffered.bytes += line.len();
        buffered.lines.push_back(line.into());
        while buffered.bytes > max_bytes {
            let Some(oldest) = buffered.lines.pop_front() else { break };
            buffered.bytes -= oldest.len();
            buffered.evicted = true;
        }
        Offer::Buffered
    }

    pub(super) fn take(&self) -> Lines {
        std::mem::take(&mut self.lines())
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
