//! [`Redaction`]: omits parts of an event or a response from its log line, without decoding the others. The rules for
//! headers are in [`path`].

mod path;
mod query;

use std::borrow::Cow;

use serde_json::value::RawValue;

use self::path::{Path, Step, steps, with_repetitions};
use super::json::write_str;
use crate::core::json::members::members;

/// The number of lists and texts that a path may lead through: each is read once more.
const NESTED: usize = 16;

/// The paths to values that must not be logged.
#[derive(Clone, Debug, Default)]
pub(super) struct Redaction {
    event: Vec<Path>,
    response: Vec<Path>,
    mask: Option<String>,
    /// The first text that is not a path.
    mistake: Option<String>,
}

impl Redaction {
    /// Adds a path, which starts with `event` or `response`.
    pub(super) fn omit(&mut self, path: &str) {
        match steps(path) {
            Some((root, steps)) if root == "event" => self.event.extend(with_repetitions(steps)),
            Some((root, steps)) if root == "response" => self.response.extend(with_repetitions(steps)),
            _ => drop(self.mistake.get_or_insert_with(|| path.to_owned())),
        }
    }

    pub(super) fn mask(&mut self, mask: String) {
        self.mask = Some(mask);
    }

    /// Adds the paths of another one, and its mask if this one has none.
    pub(super) fn add(&mut self, other: &Self) {
        for (paths, more) in [(&mut self.event, &other.event), (&mut self.response, &other.response)] {
            for path in more {
                if !paths.contains(path) {
                    paths.push(path.clone());
                }
            }
        }
        if self.mask.is_none() {
            self.mask.clone_from(&other.mask);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.event.is_empty() && self.response.is_empty()
    }

    /// Returns the first text that is not a path.
    pub(super) fn mistake(&self) -> Option<&str> {
        self.mistake.as_deref()
    }

    pub(super) fn of_event<'a>(&self, event: &'a RawValue) -> Cow<'a, RawValue> {
        self.redacted(&self.event, event)
    }

    pub(super) fn of_response<'a>(&self, response: &'a RawValue) -> Cow<'a, RawValue> {
        self.redacted(&self.response, response)
    }

    fn redacted<'a>(&self, paths: &[Path], json: &'a RawValue) -> Cow<'a, RawValue> {
        if paths.is_empty() {
            return Cow::Borrowed(json);
        }
        let paths: Vec<_> = paths.iter().map(Vec::as_slice).collect();
        let mut to = Vec::with_capacity(json.get().len());
        let redactor = Redactor { mask: self.mask.as_deref() };
        if redactor.write(json, &paths, 0, &mut to).is_none() {
            to.clear();
            match &self.mask {
                Some(mask) => write_str(&mut to, mask),
                None => to.extend_from_slice(b"null"),
            }
        }
        let text = String::from_utf8(to).unwrap_or_default();
        Cow::Owned(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

struct Redactor<'m> {
    mask: Option<&'m str>,
}

impl Redactor<'_> {
    /// Appends the JSON without the values at the paths. Returns `None` if these cannot be found: the JSON must then be
    /// omitted as a whole, and what was appended must be discarded.
    fn write(&self, json: &RawValue, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let text = json.get();
        match text.as_bytes().first() {
            _ if paths.is_empty() => to.extend_from_slice(text.as_bytes()),
            Some(b'{') => self.write_object(text, paths, nested, to)?,
            Some(b'[' | b'"') if nested == NESTED => return None,
            Some(b'[') => self.write_list(text, paths, nested + 1, to)?,
            Some(b'"') => self.write_text(text, paths, nested + 1, to)?,
            _ => to.extend_from_slice(text.as_bytes()),
        }
        Some(())
    }

    fn write_object(&self, text: &str, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let entries = members(text).ok()?;
        to.push(b'{');
        let first = to.len();
        for (key, value) in &entries {
            let rests: Vec<_> = paths.iter().filter_map(|path| behind_member(path, key)).collect();
            let start = to.len();
            if start > first {
                to.push(b',');
            }
            write_str(to, key);
            to.push(b':');
            if !self.write_part(value, &rests, nested, to) {
                to.truncate(start);
            }
        }
        to.push(b'}');
        Some(())
    }

    fn write_list(&self, text: &str, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let items = serde_json::from_str::<Vec<&RawValue>>(text).ok()?;
        to.push(b'[');
        let first = to.len();
        for (at, item) in items.into_iter().enumerate() {
            let rest_for = |path: &&'_ [Step]| match path.split_first()? {
                (Step::Items | Step::Any, _) => Some(1),
                (Step::Name(name), _) => match name.parse::<usize>() {
                    Ok(index) => (index == at).then_some(1),
                    // A name applies to the items of a list.
                    Err(_) => Some(0),
                },
                _ => Some(0),
            };
            let rests: Vec<_> = paths.iter().filter_map(|path| Some(&path[rest_for(path)?..])).collect();
            let start = to.len();
            if start > first {
                to.push(b',');
            }
            if !self.write_part(item, &rests, nested, to) {
                to.truncate(start);
            }
        }
        to.push(b']');
        Some(())
    }

    /// Appends a member's value or an item. Returns `false` if it must be omitted, together with its key or comma.
    fn write_part(&self, json: &RawValue, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> bool {
        let start = to.len();
        let is_end = paths.iter().any(|path| path.is_empty());
        if !is_end && self.write(json, paths, nested, to).is_some() {
            return true;
        }
        to.truncate(start);
        if let Some(mask) = self.mask {
            write_str(to, mask);
        }
        self.mask.is_some()
    }

    /// Appends a text that a path leads into: JSON, such as the body of a request, or a query.
    fn write_text(&self, json: &str, paths: &[&[Step]], nested: usize, to: &mut Vec<u8>) -> Option<()> {
        let text: String = serde_json::from_str(json).ok()?;
        let firsts: Vec<_> = paths.iter().filter_map(|path| path.first()).collect();
        if firsts.iter().any(|step| matches!(step, Step::Parameter(_) | Step::OfUrl(_))) {
            write_str(to, &query::without(&text, &firsts, self.mask)?);
            return Some(());
        }
        let inner = text.trim_start_matches('\u{feff}').trim();
        if inner.is_empty() {
            to.extend_from_slice(json.as_bytes());
            return Some(());
        }
        // A path cannot lead into a number or a word.
        let inner = inner.starts_with(['{', '[', '"']).then(|| RawValue::from_string(inner.to_owned()).ok())??;
        let mut redacted = Vec::with_capacity(inner.get().len());
        self.write(&inner, paths, nested, &mut redacted)?;
        write_str(to, std::str::from_utf8(&redacted).ok()?);
        Some(())
    }
}

/// Returns the steps that follow the step to this member. An object that meets `[]` counts as its only item.
fn behind_member<'p>(mut path: &'p [Step], key: &str) -> Option<&'p [Step]> {
    while let [Step::Items, rest @ ..] = path
        && !rest.is_empty()
    {
        path = rest;
    }
    let (step, rest) = path.split_first()?;
    (*step == Step::Items || step.is_member(key)).then_some(rest)
}

#[cfg(test)]
mod tests;
