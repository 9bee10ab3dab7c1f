//! [`ErrorKeys`]: in which keys an error stands in a line.

use std::borrow::Cow;
use std::error::Error as StdError;

use super::fields::{Fields, write_json_of, write_str};
use crate::core::error::{chain, type_of};

/// How many causes of an error are told: a chain without an end has one here.
const CAUSES: usize = 32;

/// In which keys an error stands in a line. In each form the line has `error_type` as well, unless the function sets it: a
/// [`FunctionError`](crate::FunctionError)'s own, else the name with which the error's `Debug` begins, which is that of its type or
/// of its variant where `Debug` is derived.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{Captured, ErrorKeys, Logs};
///
/// let captured = Captured::default();
/// let logs = Logs::new().errors(ErrorKeys::TypeScript).writer(captured.clone());
/// tracing::subscriber::with_default(logs.build(), || {
///     let error = "x".parse::<u8>().unwrap_err();
///     tracing::error!(error = &error as &dyn std::error::Error, "no number");
/// });
/// let line = &captured.lines()[0];
/// assert_eq!(line["error"]["name"], "ParseIntError");
/// assert_eq!(line["error"]["message"], "invalid digit found in string");
/// assert_eq!(line["error_type"], "ParseIntError");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKeys {
    /// The error's text under the field's name, and the texts of its causes as an array under `<name>_chain`.
    #[default]
    Chain,
    /// Those of Powertools for Python: `exception` (the text, and that of each cause on a line of its own), `exception_name`, and
    /// `stack_trace` with `type`, `value` and no `frames`, which an error in Rust does not have. A second error of a line stands as
    /// in [`Chain`](Self::Chain).
    Python,
    /// Those of Powertools for TypeScript: an object under the field's name, with `name`, `location` (where the line was written),
    /// `message`, `stack` (the text, and that of each cause on a line of its own), and `cause`, if there is one, in the same form.
    TypeScript,
}

/// What a line tells of a failure.
pub(super) struct Failure<'a> {
    pub(super) name: &'a str,
    /// The error's and those of its causes.
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

/// Puts a failure that is no error's, such as a panic.
pub(super) fn put_failure(fields: &mut Fields, field: &'static str, keys: ErrorKeys, failure: &Failure<'_>) {
    let Failure { name, texts, stack, location } = failure;
    let (first, causes) = texts.split_first().map_or(("", &[][..]), |(first, causes)| (first.as_str(), causes));
    match keys {
        ErrorKeys::Python if !fields.has("exception") => {
            fields.put("exception".into(), |to| write_str(to, &story(texts, *stack)));
            fields.put("exception_name".into(), |to| write_str(to, name));
            fields.put("stack_trace".into(), |to| {
                write_members(to, &[("type", name), ("value", first)]);
                to.pop();
                to.extend_from_slice(b",\"frames\":[]}");
            });
        }
        ErrorKeys::TypeScript => fields.put(field.into(), |to| {
            let story = story(texts, *stack);
            let location = location.unwrap_or_default();
            write_members(to, &[("name", name), ("location", location), ("message", first), ("stack", &story)]);
        }),
        ErrorKeys::Chain | ErrorKeys::Python => {
            fields.put(field.into(), |to| write_str(to, first));
            if !causes.is_empty() {
                fields.put(Cow::Owned(format!("{field}_chain")), |to| write_json_of(to, causes));
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
    let (name, message, stack) = (type_of(error), error.to_string(), story(&chain(error), None));
    match location {
        Some(at) => write_members(to, &[("name", &name), ("location", at), ("message", &message), ("stack", &stack)]),
        None => write_members(to, &[("name", &name), ("message", &message), ("stack", &stack)]),
    }
    // A source that repeats its parent's text says nothing more.
    let mut cause = error.source();
    while let Some(same) = cause.filter(|cause| cause.to_string() == message) {
        cause = same.source();
    }
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

/// The texts of an error and its causes, and where it came from, a line each.
fn story(texts: &[String], stack: Option<&str>) -> String {
    let mut story = texts.join("\ncaused by: ");
    if let Some(stack) = stack {
        story.push('\n');
        story.push_str(stack);
    }
    story
}
