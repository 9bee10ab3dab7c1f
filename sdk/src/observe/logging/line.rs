//! One line: what it is made of, in which order, and where it goes.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::bound::bound;
use super::buffer::{Fate, Held, HeldLines};
use super::errors::ErrorKeys;
use super::fields::{Fields, Message, write_json, write_json_of, write_str};
use super::filter::Filter;
use super::head::{Head, shortened, write_place, write_timestamp};
use super::level::Level;
use super::logs::Format;
use super::own_keys::{LeftOut, Own};
use super::redaction::Redaction;
use super::scope::{InvocationContext, Scope, write_correlation_id};
use super::text;

pub(super) type Clock = Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>;

/// Where lines go.
pub(super) enum Output {
    Stdout,
    Writer(Mutex<Box<dyn Write + Send>>),
}

impl Output {
    pub(super) fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::Writer(Mutex::new(Box::new(writer)))
    }

    /// In one write. A line that cannot be written is lost: there is nowhere left to tell.
    fn write(&self, line: &[u8]) {
        let _ = match self {
            Self::Stdout => std::io::stdout().lock().write_all(line),
            Self::Writer(writer) => writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(line),
        };
    }
}

/// All that makes a line besides its event.
pub(super) struct Core {
    pub(super) filter: Filter,
    pub(super) format: Format,
    coloured: bool,
    /// `,"service":…`
    service: Vec<u8>,
    sample_rate: Option<f64>,
    /// The decision for lines outside of an invocation.
    pub(super) sampled: bool,
    pub(super) log_event: bool,
    /// What none of the layers around a function is to log.
    redaction: Mutex<Redaction>,
    /// How errors are told.
    pub(super) errors: ErrorKeys,
    pub(super) left_out: LeftOut,
    keys: Fields,
    scope: RwLock<Scope>,
    clock: Clock,
    output: Output,
}

/// The buffers of a line. One set per thread is kept, so that a line is made without an allocation.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) text: String,
    pub(super) message: Message,
    pub(super) fields: Fields,
    own: Vec<u8>,
    outer: Vec<u8>,
    /// The parts of `outer`, innermost first.
    parts: Vec<usize>,
    said: Vec<Cow<'static, str>>,
    invocation: Vec<u8>,
    line: Vec<u8>,
    /// What the invocation holds back, if it does.
    held: Option<Arc<Held>>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends the thread's buffers. An event inside of another one's `Debug` gets fresh ones.
pub(super) fn with_scratch<R>(with: impl FnOnce(&mut Scratch) -> R) -> R {
    /// No thread keeps more than this, in bytes.
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

impl Core {
    #[expect(clippy::too_many_arguments, reason = "called in one place, by the builder that names them")]
    pub(super) fn new(
        filter: Filter,
        format: Format,
        coloured: bool,
        service_name: &str,
        sample_rate: Option<f64>,
        log_event: bool,
        errors: ErrorKeys,
        left_out: LeftOut,
        keys: Fields,
        clock: Clock,
        output: Output,
    ) -> Self {
        let mut service = Vec::new();
        if !left_out.has(Own::Service) {
            service.extend_from_slice(b",\"service\":");
            write_str(&mut service, service_name);
        }
        let scope = RwLock::default();
        let mut core = Self {
            filter,
            format,
            coloured,
            service,
            sample_rate,
            sampled: false,
            log_event,
            redaction: Mutex::default(),
            errors,
            left_out,
            keys,
            scope,
            clock,
            output,
        };
        core.sampled = core.sample();
        core
    }

    /// Decides for one invocation whether it is logged at `DEBUG`.
    pub(super) fn sample(&self) -> bool {
        match self.sample_rate {
            Some(rate) if rate > 0.0 => {
                // The standard library's only source of chance. Sandboxes that SnapStart makes from one snapshot count on from
                // the same state, and each has its own time.
                let random = RandomState::new().hash_one(SystemTime::now()) >> 11;
                (random as f64) / ((1_u64 << 53) as f64) < rate
            }
            _ => false,
        }
    }

    pub(super) fn with_scope<R>(&self, with: impl FnOnce(&mut Scope) -> R) -> R {
        with(&mut self.scope.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the layers that were applied under this subscriber leave out.
    pub(super) fn redaction(&self) -> MutexGuard<'_, Redaction> {
        self.redaction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line at `WARN` about the logs themselves; it is written at any level.
    pub(super) fn warn<R>(&self, span: Option<&SpanRef<'_, R>>, message: &str)
    where
        R: for<'a> LookupSpan<'a>,
    {
        with_scratch(|scratch| {
            scratch.message.text.push_str(message);
            scratch.message.location.push_str("pilaster::observe::logging");
            self.compose(&Head { level: Level::Warn, file: "", line: 0 }, span, scratch);
            self.output.write(&scratch.line);
        });
    }

    /// Writes the line of the event whose message and fields are in `scratch`, or holds it back.
    pub(super) fn write<R>(&self, head: &Head<'_>, span: Option<&SpanRef<'_, R>>, scratch: &mut Scratch)
    where
        R: for<'a> LookupSpan<'a>,
    {
        self.compose(head, span, scratch);
        let line = &scratch.line;
        let Some(held) = scratch.held.take() else { return self.output.write(line) };
        match held.offer(head.level, line) {
            Fate::Held => {}
            Fate::Written => self.output.write(line),
            Fate::WrittenAfterHeld => {
                self.flush(&held, span);
                self.output.write(line);
            }
            Fate::TooLarge(bytes) => {
                self.output.write(line);
                let said = "Cannot add item to the buffer. Item size exceeds total cache size";
                self.warn(span, &format!("{said} {bytes} bytes"));
            }
        }
    }

    /// Writes what an invocation holds back.
    pub(super) fn flush<R>(&self, held: &Held, span: Option<&SpanRef<'_, R>>)
    where
        R: for<'a> LookupSpan<'a>,
    {
        let HeldLines { lines, evicted, .. } = held.take();
        lines.iter().for_each(|line| self.output.write(line));
        if evicted {
            let said = "Some logs are not displayed because they were evicted from the buffer.";
            self.warn(span, &format!("{said} Increase buffer size to store more logs in the buffer"));
        }
    }

    /// Makes the line, in `scratch`.
    fn compose<R>(&self, head: &Head<'_>, span: Option<&SpanRef<'_, R>>, scratch: &mut Scratch)
    where
        R: for<'a> LookupSpan<'a>,
    {
        let as_text = self.format == Format::Text;
        self.gather(span, as_text, scratch);
        let Scratch { message, own, outer, parts, invocation, line, .. } = scratch;
        line.clear();
        let now = self.clock.as_ref().map_or_else(SystemTime::now, |clock| clock());
        let outermost_first = |line: &mut Vec<u8>| {
            let mut end = outer.len();
            for &start in parts.iter().rev() {
                line.extend_from_slice(&outer[start..end]);
                end = start;
            }
        };
        if as_text {
            if !self.left_out.has(Own::Timestamp) {
                write_timestamp(line, now);
                line.push(b' ');
            }
            text::write_level(line, head.level, self.coloured);
            line.push(b' ');
            if !self.left_out.has(Own::Location) {
                match message.location.as_str() {
                    "" => text::write_plain(line, &format!("{}:{}", shortened(head.file), head.line)),
                    location => text::write_plain(line, location),
                }
                line.push(b' ');
            }
            text::write_plain(line, &message.text);
            outermost_first(line);
            line.extend_from_slice(own);
            line.extend_from_slice(invocation);
            line.push(b'\n');
        } else {
            line.extend_from_slice(b"{\"level\":\"");
            line.extend_from_slice(head.level.as_str().as_bytes());
            line.extend_from_slice(b"\"");
            if !self.left_out.has(Own::Location) {
                line.extend_from_slice(b",\"location\":");
                match message.location.as_str() {
                    "" => write_place(line, head),
                    location => write_str(line, location),
                }
            }
            line.extend_from_slice(b",\"message\":");
            match message.is_json {
                true => write_json(line, &message.text),
                false => write_str(line, &message.text),
            }
            if !self.left_out.has(Own::Timestamp) {
                line.extend_from_slice(b",\"timestamp\":\"");
                write_timestamp(line, now);
                line.push(b'"');
            }
            line.extend_from_slice(&self.service);
            line.extend_from_slice(invocation);
            if let Some(rate) = self.sample_rate.filter(|_| !self.left_out.has(Own::SamplingRate)) {
                line.extend_from_slice(b",\"sampling_rate\":");
                write_json_of(line, rate);
            }
            outermost_first(line);
            line.extend_from_slice(own);
            line.extend_from_slice(b"}\n");
        }
        bound(line, !as_text);
        if self.format == Format::IndentedJson {
            *line = text::indented(line.strip_suffix(b"\n").unwrap_or(line));
        }
    }

    /// Collects the keys around the event from the inside out, each name once.
    fn gather<R>(&self, span: Option<&SpanRef<'_, R>>, as_text: bool, scratch: &mut Scratch)
    where
        R: for<'a> LookupSpan<'a>,
    {
        let Scratch { fields, own, outer, parts, said, invocation, held, .. } = scratch;
        own.clear();
        outer.clear();
        parts.clear();
        said.clear();
        invocation.clear();
        fields.write_unsaid(own, said, as_text);
        let mut part = |fields: &Fields| {
            parts.push(outer.len());
            fields.write_unsaid(outer, said, as_text);
        };
        let process = self.scope.read().unwrap_or_else(PoisonError::into_inner);
        let correlation_id = process.correlation_id.as_deref();
        *held = None;
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
                part(&context.scope.keys);
                held.clone_from(&context.held);
                match as_text {
                    true => context.write_text(invocation, correlation_id, self.left_out),
                    false => context.write_json(invocation, correlation_id, self.left_out),
                }
            }
            drop(extensions);
            parent = span.parent();
            next = parent.as_ref();
        }
        if !found && !self.left_out.has(Own::CorrelationId) {
            write_correlation_id(invocation, correlation_id, as_text);
        }
        part(&process.keys);
        part(&self.keys);
    }
}
