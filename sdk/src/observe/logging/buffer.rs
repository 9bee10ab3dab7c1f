//! [`Buffer`]: lines that are held back, and written only if something fails.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::level::Level;
use super::scope::with_held;

/// Holds an invocation's `DEBUG` lines back, and writes them, in their order, before the first line that tells of an error. An
/// invocation that succeeds drops them, so that a log has the whole story of what failed and nothing else. By Powertools'
/// rules; [`LoggingLayer::buffer`](super::LoggingLayer::buffer) turns it on.
///
/// - A held line does not need the log level to admit it: with `INFO`, a `debug!` is held. `TRACE` is held only where the log
///   level admits it, and nothing is that `AWS_LAMBDA_LOG_LEVEL` would drop: Lambda does not pass it on anyhow. Where that is all, a `WARN` line
///   says so, once.
/// - Lines above the buffer's level are written at once, so a held line can stand behind a younger one.
/// - An `ERROR` or `FATAL` line, a panic and a failed invocation write what is held. So does [`flush_buffer`];
///   [`clear_buffer`] drops it.
/// - The buffer is the invocation's own, also of concurrent ones. Outside of an invocation nothing is held.
/// - It is bounded: the oldest lines go first, and a `WARN` line says so when the others are written. A line that is larger than
///   the whole buffer is written at once.
/// - An invocation that the sample rate has chosen holds nothing: it is to be seen.
///
/// # Example
///
/// ```
/// use lambda_runtime::LambdaEvent;
/// use pilaster::observe::logging::{Buffer, Captured, LoggingLayer, Logs};
/// use pilaster::{FunctionError, Incoming, Outgoing};
/// use serde_json::value::RawValue;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let captured = Captured::default();
/// let _guard = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
///
/// let handler = service_fn(async |incoming: Incoming| {
///     tracing::debug!("asking the bank");
///     match incoming.event.get() {
///         "true" => Ok::<Outgoing, _>(incoming.event.into()),
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
    /// Up to 20,480 bytes of `DEBUG` lines, as Powertools has it.
    pub fn new() -> Self {
        Self { level: Level::Debug, max_bytes: 20_480, flush_on_error: true }
    }

    /// Holds lines of this level and of less serious ones: `DEBUG` unless set, `WARN` at most.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level.clamp(Level::Debug, Level::Warn);
        self
    }

    /// How much is held of one invocation, in bytes of lines: 20,480 unless set.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Whether an `ERROR` line writes what is held: yes, unless set. A panic and a failed invocation do in any case.
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

/// Writes the lines that this invocation's [`Buffer`] holds.
///
/// # Example
///
/// ```
/// # let attempts = 3;
/// if attempts > 2 {
///     pilaster::observe::logging::flush_buffer();
/// }
/// ```
pub fn flush_buffer() {
    with_held(|core, span, held| core.flush(held, span));
}

/// Drops the lines that this invocation's [`Buffer`] holds.
pub fn clear_buffer() {
    with_held(|_, _, held| drop(held.take()));
}

/// What becomes of a line.
pub(super) enum Fate {
    Held,
    Written,
    /// Written, and before it what is held.
    WrittenAfterHeld,
    /// Written, since it is larger than the buffer, of so many bytes.
    TooLarge(usize),
}

/// The lines that one invocation holds back.
#[derive(Debug)]
pub(super) struct Held {
    buffer: Buffer,
    lines: Mutex<HeldLines>,
}

#[derive(Debug, Default)]
pub(super) struct HeldLines {
    pub(super) lines: VecDeque<Box<[u8]>>,
    /// Older ones were dropped.
    pub(super) evicted: bool,
    bytes: usize,
}

impl Held {
    pub(super) fn new(buffer: Buffer) -> Self {
        Self { buffer, lines: Mutex::default() }
    }

    pub(super) fn level(&self) -> Level {
        self.buffer.level
    }

    /// Holds the line, or says what to do with it.
    pub(super) fn offer(&self, level: Level, line: &[u8]) -> Fate {
        let Buffer { level: limit, max_bytes, flush_on_error } = self.buffer;
        if level >= Level::Error && flush_on_error {
            return Fate::WrittenAfterHeld;
        }
        if level > limit {
            return Fate::Written;
        }
        if line.len() > max_bytes {
            return Fate::TooLarge(max_bytes);
        }
        let mut held = self.lines();
        held.bytes += line.len();
        held.lines.push_back(line.into());
        while held.bytes > max_bytes {
            let Some(oldest) = held.lines.pop_front() else { break };
            held.bytes -= oldest.len();
            held.evicted = true;
        }
        Fate::Held
    }

    pub(super) fn take(&self) -> HeldLines {
        std::mem::take(&mut self.lines())
    }

    fn lines(&self) -> MutexGuard<'_, HeldLines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
