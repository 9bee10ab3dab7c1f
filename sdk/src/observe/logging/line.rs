//! One line: what it is made of, in which order, and where it goes.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::bound::bound;
use super::fields::{Fields, Message, write_json, write_json_of, write_str};
use super::filter::Filter;
use super::level::Level;
use super::logs::Format;
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
    keys: Fields,
    scope: RwLock<Scope>,
    clock: Clock,
    output: Output,
}

/// An event, but for its fields.
pub(super) struct Head<'a> {
    pub(super) level: Level,
    pub(super) file: &'a str,
    pub(super) line: u32,
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
        keys: Fields,
        clock: Clock,
        output: Output,
    ) -> Self {
        let mut service = b",\"service\":".to_vec();
        write_str(&mut service, service_name);
        let scope = RwLock::default();
        let mut core = Self {
            filter,
            format,
            coloured,
            service,
            sample_rate,
            sampled: false,
            log_event,
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
                // The standard library's only source of chance.
                let random = RandomState::new().build_hasher().finish() >> 11;
                (random as f64) / ((1_u64 << 53) as f64) < rate
            }
            _ => false,
        }
    }

    pub(super) fn change_scope(&self, change: impl FnOnce(&mut Scope)) {
        change(&mut self.scope.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// A line about the logs themselves; it is written at any level.
    pub(super) fn write_plainly(&self, level: Level, message: &str) {
        with_scratch(|scratch| {
            scratch.message.text.push_str(message);
            scratch.message.location.push_str("pilaster::observe::logging");
            let head = Head { level, file: "", line: 0 };
            self.write::<tracing_subscriber::Registry>(&head, None, scratch);
        });
    }

    /// Writes the line of the event whose message and fields are in `scratch`.
    pub(super) fn write<R>(&self, head: &Head<'_>, span: Option<SpanRef<'_, R>>, scratch: &mut Scratch)
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
            write_timestamp(line, now);
            line.push(b' ');
            text::write_level(line, head.level, self.coloured);
            line.push(b' ');
            match message.location.as_str() {
                "" => text::write_plain(line, &format!("{}:{}", shortened(head.file), head.line)),
                location => text::write_plain(line, location),
            }
            line.push(b' ');
            text::write_plain(line, &message.text);
            outermost_first(line);
            line.extend_from_slice(own);
            line.extend_from_slice(invocation);
            line.push(b'\n');
        } else {
            line.extend_from_slice(b"{\"level\":\"");
            line.extend_from_slice(head.level.as_str().as_bytes());
            line.extend_from_slice(b"\",\"location\":");
            match message.location.as_str() {
                "" => write_place(line, head),
                location => write_str(line, location),
            }
            line.extend_from_slice(b",\"message\":");
            match message.is_json {
                true => write_json(line, &message.text),
                false => write_str(line, &message.text),
            }
            line.extend_from_slice(b",\"timestamp\":\"");
            write_timestamp(line, now);
            line.push(b'"');
            line.extend_from_slice(&self.service);
            line.extend_from_slice(invocation);
            if let Some(rate) = self.sample_rate {
                line.extend_from_slice(b",\"sampling_rate\":");
                write_json_of(line, rate);
            }
            outermost_first(line);
            line.extend_from_slice(own);
            line.extend_from_slice(b"}\n");
        }
        bound(line, !as_text);
        match self.format {
            Format::IndentedJson => self.output.write(&text::indented(line.strip_suffix(b"\n").unwrap_or(line))),
            _ => self.output.write(line),
        }
    }

    /// Collects the keys around the event from the inside out, each name once.
    fn gather<R>(&self, mut span: Option<SpanRef<'_, R>>, as_text: bool, scratch: &mut Scratch)
    where
        R: for<'a> LookupSpan<'a>,
    {
        let Scratch { fields, own, outer, parts, said, invocation, .. } = scratch;
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
        let mut found = false;
        while let Some(current) = span {
            let extensions = current.extensions();
            if let Some(fields) = extensions.get::<Fields>() {
                part(fields);
            }
            if !found && let Some(context) = extensions.get::<InvocationContext>() {
                found = true;
                part(&context.scope.keys);
                match as_text {
                    true => context.write_text(invocation, correlation_id),
                    false => context.write_json(invocation, correlation_id),
                }
            }
            drop(extensions);
            span = current.parent();
        }
        if !found {
            write_correlation_id(invocation, correlation_id, as_text);
        }
        part(&process.keys);
        part(&self.keys);
    }
}

/// `src/store.rs:42`. A dependency's path starts at its crate: `hyper-1.8.1/src/client.rs:7`.
fn write_place(to: &mut Vec<u8>, head: &Head<'_>) {
    write_str(to, shortened(head.file));
    to.pop();
    to.push(b':');
    write_json_of(to, head.line);
    to.push(b'"');
}

pub(super) fn shortened(file: &str) -> &str {
    if !file.starts_with('/') {
        return file;
    }
    match file.rfind("/src/") {
        Some(src) => &file[file[..src].rfind('/').map_or(0, |slash| slash + 1)..],
        None => file,
    }
}

/// RFC 3339 in UTC with milliseconds. Lambda files a line without a valid `timestamp` as an `INFO` of its own time.
fn write_timestamp(to: &mut Vec<u8>, now: SystemTime) {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, (hour, minute, second)) = (now.date(), now.to_hms());
    let year = u32::try_from(date.year()).unwrap_or_default();
    // Digit by digit: half of a line's time went into formatting these by width.
    for (number, digits, end) in [
        (year, 4, b'-'),
        (u32::from(u8::from(date.month())), 2, b'-'),
        (u32::from(date.day()), 2, b'T'),
        (u32::from(hour), 2, b':'),
        (u32::from(minute), 2, b':'),
        (u32::from(second), 2, b'.'),
        (since.subsec_millis(), 3, b'Z'),
    ] {
        for place in (0..digits).rev() {
            to.push(b'0' + (number / 10_u32.pow(place) % 10) as u8);
        }
        to.push(end);
    }
}
