//! [`ErrorKeys`]: the keys under which an error is logged.

use std::borrow::Cow;
use std::error::Error as StdError;

use super::fields::Fields;
use super::json::{write_str, write_value};
use crate::core::error::{chain, text, type_of, with_sources};

/// The maximum number of causes that are logged, since a chain may be cyclic.
const CAUSES: usize = 32;

/// The keys under which an error is logged. In each form, the line also has `error_type`, unless the function sets it:
/// that of a [`FunctionError`](crate::FunctionError), else the first name in the error's `Debug`, which is its type or
/// its variant where `Debug` is derived.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{CapturedLogs, ErrorKeys, Logs};
///
/// let captured = CapturedLogs::default();
/// let logs = Logs::new().errors(ErrorKeys::TypeScript).writer(captured.clone());
/// tracing::subscriber::with_default(logs.build(), || {
///     let error = "x".parse::<u8>().unwrap_err();
///     tracing::error!(error = &error as &dyn std::error::Error, "not a number");
/// });
/// let line = &captured.lines()[0];
/// assert_eq!(line["error"]["name"], "ParseIntError");
/// assert_eq!(line["error"]["message"], "invalid digit found in string");
/// assert_eq!(line["error_type"], "ParseIntError");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKeys {
    /// The error's message under the field's name, and the messages of its causes as an array under `<name>_chain`.
    #[default]
    Chain,
    /// The keys of Powertools for Python: `exception` (the text, and that of each cause on a separate line),
    /// `exception_name`, and `stack_trace` with `type`, `value` and empty `frames`, since a Rust error has none. A
    /// second error of a line is logged as in [`Chain`](Self::Chain).
    Python,
    /// The keys of Powertools for TypeScript: an object under the field's name, with `name`, `location` (that of the
    /// line), `message`, `stack` (the text, and that of each cause on a separate line), and `cause`, if there is one,
    /// in the same form.
    TypeScript,
}

/// The logged form of a failure.
pub(super) struct Failure<'a> {
    pub(super) name: &'a str,
    /// The text of the error, and those of its causes.
    pub(super) texts: &'a [String],
    pub(super) stack: Option<&'a str>,
    /// `src/store.rs:42`
    pub(super) location: Option<&'a str>,
}

/// Puts an error under a field's name.
pub(super) fn put_error(
    fields: &mut Fields,
    field: &'static str,
    keys: ErrorKeys,
    error: &(dyn StdError + 'static),
    location: Option<&str>,
) {
    let name = type_of(error);
    match keys {
        ErrorKeys::TypeScript => fields.put(field.into(), |to| write_nested(to, error, location, CAUSES)),
        _ => put_failure(fields, field, keys, &Failure { name: &name, texts: &chain(error), stack: None, location }),
    }
    put_type(fields, &name);
}

/// Puts a failure that is not an error, such as a panic.
pub(super) fn put_failure(fields: &mut Fields, field: &'static str, keys: ErrorKeys, failure: &Failure<'_>) {
    let Failure { name, texts, stack, location } = failure;
    let (first, causes) = texts.split_first().map_or(("", &[][..]), |(first, causes)| (first.as_str(), causes));
    match keys {
        ErrorKeys::Python if !fields.has("exception") => {
            fields.put("exception".into(), |to| write_str(to, &stack_text(texts, *stack)));
            fields.put("exception_name".into(), |to| write_str(to, name));
            fields.put("stack_trace".into(), |to| {
                write_members(to, &[("type", name), ("value", first)]);
                to.pop();
                to.extend_from_slice(b",\"frames\":[]}");
            });
        }
        ErrorKeys::TypeScript => fields.put(field.into(), |to| {
            let text = stack_text(texts, *stack);
            let location = location.unwrap_or_default();
            write_members(to, &[("name", name), ("location", location), ("message", first), ("stack", &text)]);
        }),
        ErrorKeys::Chain | ErrorKeys::Python => {
            fields.put(field.into(), |to| write_str(to, first));
            if !causes.is_empty() {
                fields.put(Cow::Owned(format!("{field}_chain")), |to| write_value(to, causes));
            }
        }
    }
    put_type(fields, name);
}

fn put_type(fields: &mut Fields, name: &str) {
    if !fields.has("error_type") {
        fields.put("error_type".into(), |to| write_str(to, name));
    }
}

fn write_nested(to: &mut Vec<u8>, error: &(dyn StdError + 'static), location: Option<&str>, causes: usize) {
    let (name, message, stack) = (type_of(error), text(error), stack_text(&chain(error), None));
    match location {
        Some(at) => write_members(to, &[("name", &name), ("location", at), ("message", &message), ("stack", &stack)]),
        None => write_members(to, &[("name", &name), ("message", &message), ("stack", &stack)]),
    }
    // A cause that repeats its parent's message is skipped.
    let cause = with_sources(error).skip(1).find(|cause| text(*cause) != message);
    if let Some(cause) = cause.filter(|_| causes > 0) {
        to.pop();
        to.extend_from_slice(b",\"cause\":");
        write_nested(to, cause, None, causes - 1);
        to.push(b'}');
    }
}

/// Appends an object of these texts.
fn write_members(to: &mut Vec<u8>, members: &[(&str, &str)]) {
    to.push(b'{');
    for (at, (key, value)) in members.iter().enumerate() {
        if at > 0 {
            to.push(b',');
        }
        write_str(to, key);
        to.push(b':');
        write_str(to, value);
    }
    to.push(b'}');
}

/// Returns the texts of an error and its causes, and the stack, each on a line.
fn stack_text(texts: &[String], stack: Option<&str>) -> String {
    let mut text = texts.join("\ncaused by: ");
    if let Some(stack) = stack {
        text.push('\n');
        text.push_str(stack);
    }
    text
}
