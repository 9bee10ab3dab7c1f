//! The search for the forms of collected values: serde does not name the field that refuses one.

use std::cell::Cell;

use serde::de::DeserializeOwned;

use super::{Fields, Form, Forms};

/// The most work that one text may cost: see [`Search::read`].
const WORK: usize = 16 << 20;

/// The work of one field, beside its text.
const FIELD: usize = 64;

/// A text that is not a `T`, by a mistake within `#[serde(flatten)]`.
#[derive(Debug)]
pub(in super::super) struct Mistake {
    /// The field that refuses its value, and the place in its list.
    pub(in super::super) field: Option<(String, Option<usize>)>,
    pub(in super::super) kind: MistakeKind,
}

#[derive(Debug)]
pub(in super::super) enum MistakeKind {
    /// The message of serde.
    Refused(String),
    /// There are several values of a field that takes one.
    Repeated,
    /// To find the types of all fields takes too long.
    TooLarge,
}

/// The reads of one text.
pub(super) struct Search<'t> {
    text: &'t [u8],
    pub(super) forms: Forms,
    /// The work that is left.
    work: Cell<usize>,
}

impl<'t> Search<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, forms: Forms::default(), work: Cell::new(WORK) }
    }

    /// Changes the forms until the text is read, or a field refuses its value in the form that it asked for.
    pub(super) fn mend<T: DeserializeOwned>(&self, mut message: String) -> Result<T, Mistake> {
        loop {
            if missing_field(&message).or(duplicate_field(&message)).is_some() {
                return Err(Mistake { field: None, kind: MistakeKind::Refused(message) });
            }
            let culprit = self.culprit::<T>(&message);
            if self.work.get() == 0 {
                return Err(Mistake { field: None, kind: MistakeKind::TooLarge });
            }
            let Some(key) = culprit else {
                return Err(Mistake { field: None, kind: MistakeKind::Refused(message) });
            };
            // Each turn changes a form, and each key has two changes.
            if !self.forms.adopt(&key, &message) {
                return Err(self.mistake::<T>(key, message));
            }
            message = match self.read() {
                Ok(value) => return Ok(value),
                Err(message) => message,
            };
        }
    }

    /// Reads the text. Once the work is used up, each read fails: it would take the CPU of other requests.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        let work = self.text.len() / 4 + self.forms.0.borrow().len() * FIELD;
        let left = self.work.get().saturating_sub(work);
        self.work.set(left);
        if left == 0 {
            return Err(String::new());
        }
        T::deserialize(Fields { inner: serde_html_form::Deserializer::from_bytes(self.text), forms: &self.forms })
            .map_err(|error| error.to_string())
    }

    /// Returns `true` if the text is still refused with this message.
    fn fails_so<T: DeserializeOwned>(&self, message: &str) -> bool {
        self.read::<T>().is_err_and(|error| error == message)
    }

    /// Returns the key of the field that refuses its value with this message.
    fn culprit<T: DeserializeOwned>(&self, message: &str) -> Option<String> {
        let candidates = self.forms.candidates(message);
        let mut needed = Vec::new();
        self.reduce::<T>(&candidates, message, &mut needed);
        // Beside the field itself, those without which serde does not come to it: they belong to a struct before.
        while needed.len() > 1 && self.work.get() > 0 {
            needed.iter().for_each(|key| self.forms.leave_out(key, true));
            let error = self.read::<T>().err();
            needed.iter().for_each(|key| self.forms.leave_out(key, false));
            let missing = error.as_deref().and_then(missing_field);
            let Some(at) = missing.and_then(|missing| needed.iter().position(|key| key == missing)) else { break };
            needed.remove(at);
        }
        candidates.iter().for_each(|key| self.forms.leave_out(key, false));
        needed.pop().filter(|_| needed.is_empty())
    }

    /// Leaves out as many of the keys as possible, from the last one, so that the message stays.
    fn reduce<T: DeserializeOwned>(&self, keys: &[String], message: &str, needed: &mut Vec<String>) {
        if keys.is_empty() || self.work.get() == 0 {
            return;
        }
        keys.iter().for_each(|key| self.forms.leave_out(key, true));
        if self.fails_so::<T>(message) {
            return;
        }
        keys.iter().for_each(|key| self.forms.leave_out(key, false));
        let (first, last) = keys.split_at(keys.len() / 2);
        if first.is_empty() {
            needed.extend(last.iter().cloned());
            return;
        }
        self.reduce::<T>(last, message, needed);
        self.reduce::<T>(first, message, needed);
    }

    /// Describes the mistake in the value of a field.
    fn mistake<T: DeserializeOwned>(&self, key: String, message: String) -> Mistake {
        if message.starts_with("invalid type: sequence") {
            return Mistake { field: Some((key, None)), kind: MistakeKind::Repeated };
        }
        let at = self.element::<T>(&key, &message);
        Mistake { field: Some((key, at)), kind: MistakeKind::Refused(message) }
    }

    /// Returns the place of the element that is wrong, if the value is a list: the first elements up to it fail too.
    fn element<T: DeserializeOwned>(&self, key: &str, message: &str) -> Option<usize> {
        let Form { is_list, .. } = self.forms.of(key);
        let count = self.forms.0.borrow().get(key).map_or(0, |value| value.texts.len());
        if !(is_list || count > 1) || message.starts_with("invalid length") {
            return None;
        }
        let (mut right, mut wrong) = (0, count);
        while wrong - right > 1 {
            let middle = right + (wrong - right) / 2;
            self.forms.change(key, |form| form.most = Some(middle));
            if self.fails_so::<T>(message) {
                wrong = middle;
            } else {
                right = middle;
            }
        }
        self.forms.change(key, |form| form.most = None);
        wrong.checked_sub(1).filter(|_| self.work.get() > 0)
    }
}

/// Returns the name of the field that is missing.
pub(in super::super) fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// Returns the name of the field that is there by two names.
pub(in super::super) fn duplicate_field(message: &str) -> Option<&str> {
    message.strip_prefix("duplicate field `")?.split('`').next()
}
