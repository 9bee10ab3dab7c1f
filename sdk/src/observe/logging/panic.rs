//! Makes a panic one line.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing_subscriber::Registry;
use tracing_subscriber::registry::SpanRef;

use super::errors::{ErrorKeys, Failure, put_failure};
use super::fields::write_str;
use super::head::{Head, shortened};
use super::level::Level;
use super::line::{Core, with_scratch};
use super::lines::PANICS_ARE_LOGGED;
use super::scope::{held_by, with_current};

/// Replaces the process's hook: a panic is told by a line at `ERROR`, whatever the level, and by nothing else.
pub(super) fn install(core: Arc<Core>) {
    PANICS_ARE_LOGGED.store(true, Ordering::Relaxed);
    panic::set_hook(Box::new(move |info| {
        // The current subscriber may be another one of ours, in a test; if it is none, or busy, ours is the process's.
        if with_current(|core, span| write(core, span.as_ref(), info)).is_none() {
            write(&core, None, info);
        }
    }));
}

fn write(core: &Core, span: Option<&SpanRef<'_, Registry>>, info: &PanicHookInfo<'_>) {
    if let Some((span, held)) = span.and_then(|span| Some((span, held_by(span)?))) {
        core.flush(&held, Some(span));
    }
    with_scratch(|scratch| {
        let text = info.payload_as_str().unwrap_or("a panic without a text");
        scratch.message.text.push_str(text);
        scratch.fields.put("error_type".into(), |to| write_str(to, "Panic"));
        // Captured only where RUST_BACKTRACE asks for it.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
        match (core.errors, &backtrace) {
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
        core.write(&Head { level: Level::Error, file, line }, span, scratch);
    });
}
