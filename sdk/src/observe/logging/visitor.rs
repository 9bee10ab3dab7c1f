//! [`FieldVisitor`]: reads the fields of a span or an event.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::value::RawValue;
use tracing::field::{Field, Visit};

use super::as_json::is_json;
use super::error_keys::{ErrorKeys, put_error};
use super::fields::{Batch, Fields};
use super::filter::Origin;
use super::json::{write_str, write_value};
use super::prefix::shortened;
use super::truncate::CUT;

/// The maximum length of a formatted value, in bytes: a line cannot contain more.
const MAX_VALUE: usize = 256 * 1024;

/// The parts of an event that are not fields.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) is_json: bool,
    /// The location that replaces that of the callsite.
    pub(super) location: String,
}

impl Message {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.is_json = false;
        self.location.clear();
    }
}

/// A visitor that writes a span's or an event's fields.
pub(super) struct FieldVisitor<'a> {
    pub(super) fields: &'a mut Fields,
    /// The memory in which one value is formatted.
    pub(super) text: &'a mut String,
    /// The message, which only an event has.
    pub(super) message: Option<&'a mut Message>,
    /// The origin of the fields: in those of [`emit`](super::emit), `keys` is an object of keys; in all of the SDK's,
    /// `location` is the location of the user's code.
    pub(super) origin: Origin,
    /// The form of an error.
    pub(super) errors: ErrorKeys,
    /// The file and the line of the callsite.
    pub(super) callsite: Option<(&'a str, u32)>,
}

impl FieldVisitor<'_> {
    /// Records a finite number or a boolean.
    fn number(&mut self, field: &Field, number: impl Serialize + fmt::Display) {
        match &mut self.message {
            Some(message) if field.name() == "message" => {
                let _ = write!(message.text, "{number}");
                message.is_json = true;
            }
            _ => self.fields.put(Cow::Borrowed(field.name()), |to| write_value(to, number)),
        }
    }

    /// Takes the text as the value.
    fn take(&mut self, field: &Field, text: &str, is_json: bool) {
        let name = field.name();
        if let Some(message) = &mut self.message {
            if name == "message" {
                text.clone_into(&mut message.text);
                message.is_json = is_json;
                return;
            }
            if self.origin != Origin::Function && name == "location" {
                message.location.push_str(shortened(text));
                return;
            }
            if self.origin == Origin::Emit && name == "keys" && is_json {
                let keys = serde_json::from_str::<BTreeMap<String, &RawValue>>(text).unwrap_or_default();
                self.fields.put_all(&Batch::of(keys.into_iter().map(|(key, value)| (Cow::Owned(key), value.get()))));
                return;
            }
        }
        match is_json {
            true => self.fields.put_json(Cow::Borrowed(name), text),
            false => self.fields.put(Cow::Borrowed(name), |to| write_str(to, text)),
        }
    }
}

impl Visit for FieldVisitor<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no NaN and no infinity: they become text.
        match value.is_finite() {
            true => self.number(field, value),
            false => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    // Most readers of JSON would round an integer of more than 64 bits: it becomes text.
    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.number(field, value),
            Err(_) => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.number(field, value),
            Err(_) => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if value.len() <= MAX_VALUE {
            return self.take(field, value, false);
        }
        let mut text = String::new();
        let _ = Bounded(&mut text).write_str(value);
        self.take(field, &text, false);
    }

    fn record_error(&mut self, field: &Field, error: &(dyn StdError + 'static)) {
        if self.message.is_some() && field.name() == "message" {
            return self.record_debug(field, &format_args!("{error}"));
        }
        let location = match (&self.message, self.callsite) {
            _ if self.errors != ErrorKeys::TypeScript => None,
            (Some(message), _) if !message.location.is_empty() => Some(message.location.clone()),
            (_, callsite) => callsite.map(|(file, line)| format!("{}:{line}", shortened(file))),
        };
        put_error(self.fields, field.name(), self.errors, error, location.as_deref());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = std::mem::take(self.text);
        text.clear();
        let is_json = is_json(&mut text, |text| {
            let _ = write!(Bounded(text), "{value:?}");
        });
        self.take(field, &text, is_json);
        *self.text = text;
    }
}

/// Stops the formatting of a value at [`MAX_VALUE`].
struct Bounded<'a>(&'a mut String);

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = MAX_VALUE.saturating_sub(self.0.len());
        if text.len() <= left {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(left)]);
        self.0.push_str(CUT);
        Err(fmt::Error)
    }
}
