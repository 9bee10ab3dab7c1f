//! [`LineWriter`]: composes a line, and writes it.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::buffer::{InvocationBuffer, Lines, Offer};
use super::error_keys::ErrorKeys;
use super::fields::Fields;
use super::filter::Filter;
use super::format::{self, LogFormat};
use super::invocation_context::{AppendedKeys, InvocationContext, write_correlation_id};
use super::json::{write_json, write_str, write_value};
use super::level::Level;
use super::prefix::{Prefix, shortened, write_location, write_timestamp};
use super::reserved::{OmittedKeys, ReservedKey};
use super::truncate::truncate;
use super::visitor::Message;

pub(super) type Clock = Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>;

/// The destination of lines.
pub(super) enum Output {
    Stdout,
    Stderr,
    Writer(Mutex<Box<dyn Write + Send>>),
}

impl Output {
    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout => std::io::stdout().is_terminal(),
            Self::Stderr => std::io::stderr().is_terminal(),
            Self::Writer(_) => false,
        }
    }

    pub(super) fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::Writer(Mutex::new(Box::new(writer)))
    }

    /// Writes a line in one write. A line that cannot be written is lost, since there is nowhere to report it.
    fn write(&self, line: &[u8]) {
        let _ = match self {
            Self::Stdout => std::io::stdout().lock().write_all(line),
            Self::Stderr => std::io::stderr().lock().write_all(line),
            Self::Writer(writer) => writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(line),
        };
    }
}

/// The settings of a [`LineWriter`].
pub(super) struct Settings {
    pub(super) filter: Filter,
    pub(super) format: LogFormat,
    pub(super) coloured: bool,
    pub(super) sample_rate: Option<f64>,
    pub(super) log_event: bool,
    pub(super) errors: ErrorKeys,
    pub(super) omitted: OmittedKeys,
    /// The keys of every line.
    pub(super) keys: Fields,
    pub(super) clock: Clock,
    pub(super) output: Output,
}

/// Everything that a line consists of, except its event.
pub(super) struct LineWriter {
    pub(super) settings: Settings,
    /// `,"service":…`
    service: Vec<u8>,
    /// The decision for lines outside of an invocation.
    pub(super) sampled: bool,
    process: RwLock<AppendedKeys>,
}

/// The memory for a line. Each thread keeps one, so that a line needs no allocation.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) text: String,
    pub(super) message: Message,
    pub(super) fields: Fields,
    own: Vec<u8>,
    outer: Vec<u8>,
    /// The parts of `outer`, innermost first.
    parts: Vec<usize>,
    /// The keys that are in the line.
    written: Vec<Cow<'static, str>>,
    invocation: Vec<u8>,
    line: Vec<u8>,
    /// The buffer of the invocation, if it has one.
    buffer: Option<Arc<InvocationBuffer>>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends the thread's memory. An event within the `Debug` of another one's field gets new memory.
pub(super) fn with_scratch<R>(with: impl FnOnce(&mut Scratch) -> R) -> R {
    /// The maximum number of bytes that a thread keeps.
    const KEPT: usize = 64 * 1024;
    let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    scratch.text.clear();
    scratch.message.clear();
    scratch.fields.clear();
    let result = with(&mut scratch);
    let kept = [scratch.text.capacity(), scratch.fields.capacity(), scratch.outer.capacity(), scratch.line.capacity()];
    if kept.into_iter().all(|capacity| capacity <= KEPT) {
        let _ = SCRATCH.try_with(|cell| cell.set(Some(scratch)));
    }
    result
}

impl LineWriter {
    pub(super) fn new(settings: Settings, service_name: &str) -> Self {
        let mut service = Vec::new();
        if !settings.omitted.has(ReservedKey::Service) {
            service.extend_from_slice(b",\"service\":");
            write_str(&mut service, service_name);
        }
        let mut writer = Self { settings, service, sampled: false, process: RwLock::default() };
        writer.sampled = writer.sample();
        writer
    }

    /// Decides for one invocation whether it is logged at `DEBUG`.
    pub(super) fn sample(&self) -> bool {
        match self.settings.sample_rate {
            Some(rate) if rate > 0.0 => {
                // The standard library has no other randomness. The time distinguishes sandboxes of one snapshot.
                let random = RandomState::new().hash_one(SystemTime::now()) >> 11;
                (random as f64) / ((1_u64 << 53) as f64) < rate
            }
            _ => false,
        }
    }

    /// Runs `with` on the keys of all lines of the process.
    pub(super) fn with_process<R>(&self, with: impl FnOnce(&mut AppendedKeys) -> R) -> R {
        with(&mut self.process.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a line at `WARN` about the logs themselves, at any level.
    pub(super) fn warn<R>(&self, span: Option<&SpanRef<'_, R>>, message: &str)
    where
        R: for<'a> LookupSpan<'a>,
    {
        with_scratch(|scratch| {
            scratch.message.text.push_str(message);
            self.compose(&Prefix { level: Level::Warn, file: "", line: 0 }, span, scratch);
            self.settings.output.write(&scratch.line);
        });
    }

    /// Writes or buffers the line of the event whose message and fields are in `scratch`.
    pub(super) fn write<R>(&self, prefix: &Prefix<'_>, span: Option<&SpanRef<'_, R>>, scratch: &mut Scratch)
    where
        R: for<'a> LookupSpan<'a>,
    {
        self.compose(prefix, span, scratch);
        let line = &scratch.line;
        let Some(buffer) = scratch.buffer.take() else { return self.settings.output.write(line) };
        match buffer.offer(prefix.level, line) {
            Offer::Buffered => {}
            Offer::Write => self.settings.output.write(line),
            Offer::Flush => {
                self.flush(&buffer, span);
                self.settings.output.write(line);
            }
            Offer::TooLarge(bytes) => {
                self.settings.output.write(line);
                // The texts of these warnings are those of Powertools.
                let text = "Cannot add item to the buffer. Item size exceeds total cache size";
                self.warn(span, &format!("{text} {bytes} bytes"));
            }
        }
    }

    /// Writes the buffered lines of an invocation.
    pub(super) fn flush<R>(&self, buffer: &InvocationBuffer, span: Option<&SpanRef<'_, R>>)
    where
        R: for<'a> LookupSpan<'a>,
    {
        let Lines { lines, evicted, .. } = buffer.take();
        lines.iter().for_each(|line| self.settings.output.write(line));
        if evicted {
            let text = "Some logs are not displayed because they were evicted from the buffer.";
            self.warn(span, &format!("{text} Increase buffer size to store more logs in the buffer"));
        }
    }

    /// Composes the line in `scratch`.
    fn compose<R>(&self, prefix: &Prefix<'_>, span: Option<&SpanRef<'_, R>>, scratch: &mut Scratch)
    where
        R: for<'a> LookupSpan<'a>,
    {
        let as_text = self.settings.format == LogFormat::Text;
        self.gather(span, as_text, scratch);
        let Scratch { message, own, outer, parts, invocation, line, .. } = scratch;
        line.clear();
        let now = self.settings.clock.as_ref().map_or_else(SystemTime::now, |clock| clock());
        let has_location = !(self.settings.omitted.has(ReservedKey::Location)
            || prefix.file.is_empty() && message.location.is_empty());
        let outermost_first = |line: &mut Vec<u8>| {
            let mut end = outer.len();
            for &start in parts.iter().rev() {
                line.extend_from_slice(&outer[start..end]);
                end = start;
            }
        };
        if as_text {
            if !self.settings.omitted.has(ReservedKey::Timestamp) {
                write_timestamp(line, now);
                line.push(b' ');
            }
            format::write_level(line, prefix.level, self.settings.coloured);
            line.push(b' ');
            if has_location {
                match message.location.as_str() {
                    "" => format::write_plain(line, &format!("{}:{}", shortened(prefix.file), prefix.line)),
                    location => format::write_plain(line, location),
                }
                line.push(b' ');
            }
            format::write_plain(line, &message.text);
            outermost_first(line);
            line.extend_from_slice(own);
            line.extend_from_slice(invocation);
            line.push(b'\n');
        } else {
            line.extend_from_slice(b"{\"level\":\"");
            line.extend_from_slice(prefix.level.as_str().as_bytes());
            line.extend_from_slice(b"\"");
            if has_location {
                line.extend_from_slice(b",\"location\":");
                match message.location.as_str() {
                    "" => write_location(line, prefix),
                    location => write_str(line, location),
                }
            }
            line.extend_from_slice(b",\"message\":");
            match message.is_json {
                true => write_json(line, &message.text),
                false => write_str(line, &message.text),
            }
            if !self.settings.omitted.has(ReservedKey::Timestamp) {
                line.extend_from_slice(b",\"timestamp\":\"");
                write_timestamp(line, now);
                line.push(b'"');
            }
            line.extend_from_slice(&self.service);
            line.extend_from_slice(invocation);
            if let Some(rate) =
                self.settings.sample_rate.filter(|_| !self.settings.omitted.has(ReservedKey::SamplingRate))
            {
                line.extend_from_slice(b",\"sampling_rate\":");
                write_value(line, rate);
            }
            outermost_first(line);
            line.extend_from_slice(own);
            line.extend_from_slice(b"}\n");
        }
        truncate(line, !as_text);
        if self.settings.format == LogFormat::IndentedJson {
            *line = format::indented(line.strip_suffix(b"\n").unwrap_or(line));
        }
    }

    /// Collects the keys around the event, from the inside to the outside, each name once.
    fn gather<R>(&self, span: Option<&SpanRef<'_, R>>, as_text: bool, scratch: &mut Scratch)
    where
        R: for<'a> LookupSpan<'a>,
    {
        let Scratch { fields, own, outer, parts, written, invocation, buffer, .. } = scratch;
        own.clear();
        outer.clear();
        parts.clear();
        written.clear();
        invocation.clear();
        fields.write_remaining(own, written, as_text);
        let mut part = |fields: &Fields| {
            parts.push(outer.len());
            fields.write_remaining(outer, written, as_text);
        };
        let process = self.process.read().unwrap_or_else(PoisonError::into_inner);
        let correlation_id = process.correlation_id.as_deref();
        *buffer = None;
        let mut found = false;
        let mut parent;
        let mut next = span;
        while let Some(span) = next {
            let extensions = span.extensions();
            if let Some(fields) = extensions.get::<Fields>() {
                part(fields);
            }
            if !found && let Some(context) = extensions.get::<InvocationContext>() {
                found = true;
                part(&context.appended.keys);
                buffer.clone_from(&context.buffer);
                match as_text {
                    true => context.write_text(invocation, correlation_id, self.settings.omitted),
                    false => context.write_json(invocation, correlation_id, self.settings.omitted),
                }
            }
            drop(extensions);
            parent = span.parent();
            next = parent.as_ref();
        }
        if !found && !self.settings.omitted.has(ReservedKey::CorrelationId) {
            write_correlation_id(invocation, correlation_id, as_text);
        }
        part(&process.keys);
        part(&self.settings.keys);
    }
}
