//! The panic hook, which logs a panic as one line.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing_subscriber::Registry;
use tracing_subscriber::registry::SpanRef;

use super::current::{buffer_of, with_current};
use super::error_keys::{ErrorKeys, Failure, put_failure};
use super::filter::PANICS_ARE_LOGGED;
use super::json::write_str;
use super::level::Level;
use super::line::{LineWriter, with_scratch};
use super::prefix::{Prefix, shortened};

/// Replaces the process's panic hook: a panic is logged exactly once, at `ERROR`, regardless of the level.
pub(super) fn install(writer: Arc<LineWriter>) {
    PANICS_ARE_LOGGED.store(true, Ordering::Relaxed);
    panic::set_hook(Box::new(move |info| {
        // A test may have another current writer; the process has one if there is none.
        if with_current(|current, span| write(current, span.as_ref(), info)).is_none() {
            write(&writer, None, info);
        }
    }));
}

/// Logs a panic within the subscriber of a test, unless the process's hook has logged it.
#[cfg(feature = "testing")]
pub(crate) fn log_panic(info: &PanicHookInfo<'_>) {
    if !PANICS_ARE_LOGGED.load(Ordering::Relaxed) {
        with_current(|current, span| write(current, span.as_ref(), info));
    }
}

fn write(writer: &LineWriter, span: Option<&SpanRef<'_, Registry>>, info: &PanicHookInfo<'_>) {
    if let Some((span, buffer)) = span.and_then(|span| Some((span, buffer_of(span)?))) {
        writer.flush(&buffer, Some(span));
    }
    with_scratch(|scratch| {
        let text = info.payload_as_str().unwrap_or("a panic without a message");
        scratch.message.text.push_str(text);
        scratch.fields.put("error_type".into(), |to| write_str(to, "Panic"));
        // Captured only if RUST_BACKTRACE enables it.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
        match (writer.settings.errors, &backtrace) {
            (ErrorKeys::Chain, Some(backtrace)) => {
                scratch.fields.put("backtrace".into(), |to| write_str(to, backtrace))
            }
            (ErrorKeys::Chain, None) => {}
            (keys, stack) => {
                let location = format!("{}:{line}", shortened(file));
                let (texts, location, stack) = (&[text.to_owned()], Some(location.as_str()), stack.as_deref());
                put_failure(&mut scratch.fields, "error", keys, &Failure { name: "Panic", texts, stack, location });
            }
        }
        writer.write(&Prefix { level: Level::Error, file, line }, span, scratch);
    });
}
