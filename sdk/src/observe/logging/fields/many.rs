//! Many keys at once, whose names and number may be a caller's: no work grows by the square of their number.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::text;
use super::{Entry, Fields, unreserved, write_json};

/// How many keys are put at once at most, and how many a scope has.
pub(in super::super) const MOST_KEYS: usize = 1_000;

/// From this many comparisons on, a set of the keys is worth its allocations.
const COMPARISONS: usize = 1_024;

/// Keys to be put at once, made ready without a lock.
#[derive(Debug, Default)]
pub(in super::super) struct Batch {
    fields: Fields,
    /// Of what is put, and of what is removed.
    names: HashSet<Cow<'static, str>>,
    /// Whether there were more than [`MOST_KEYS`]: those are left out.
    pub(in super::super) is_cut: bool,
}

impl Batch {
    /// Keys with their values as JSON text. `null` removes a key.
    pub(in super::super) fn of<J: AsRef<str>>(keys: impl ExactSizeIterator<Item = (Cow<'static, str>, J)>) -> Self {
        let mut batch = Self { is_cut: keys.len() > MOST_KEYS, ..Self::default() };
        for (key, json) in keys.take(MOST_KEYS) {
            let key = unreserved(key);
            if !batch.names.insert(key.clone()) {
                // One of the line's own keys, and the same with an underscore.
                batch.fields.drop_key(&key);
            }
            if json.as_ref() != "null" {
                batch.fields.push(key, |to| write_json(to, json.as_ref()));
            }
        }
        batch
    }

    pub(in super::super) fn into_fields(self) -> Fields {
        self.fields
    }
}

impl Fields {
    /// Puts keys; those of the same names are replaced. Says whether all were: there is no place for more than [`MOST_KEYS`].
    pub(in super::super) fn put_all(&mut self, batch: &Batch) -> bool {
        self.retain(|key| !batch.names.contains(key));
        let fit = MOST_KEYS.saturating_sub(self.entries.len());
        for Entry { key, value, end, .. } in batch.fields.entries.iter().take(fit) {
            self.push(key.clone(), |to| to.extend_from_slice(&batch.fields.json[*value..*end]));
        }
        batch.fields.entries.len() <= fit && !batch.is_cut
    }

    /// [`put_json`](Self::put_json), unless there are [`MOST_KEYS`] others: says whether there was a place.
    pub(in super::super) fn put_bounded(&mut self, key: Cow<'static, str>, json: &str) -> bool {
        let has_place = json == "null" || self.entries.len() < MOST_KEYS || self.has(&unreserved(key.clone()));
        if has_place {
            self.put_json(key, json);
        }
        has_place
    }

    pub(in super::super) fn remove_all(&mut self, keys: &HashSet<Cow<'static, str>>) {
        self.retain(|key| !keys.contains(key));
    }

    fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        let Self { json, entries } = self;
        let mut len = 0;
        entries.retain_mut(|entry| {
            let is_kept = is_kept(&entry.key);
            if is_kept {
                json.copy_within(entry.start..entry.end, len);
                let by = entry.start - len;
                entry.start -= by;
                entry.value -= by;
                entry.end -= by;
                len = entry.end;
            }
            is_kept
        });
        json.truncate(len);
    }

    /// Writes the entries that no inner span or event has said yet, and notes them as said.
    pub(in super::super) fn write_unsaid(&self, to: &mut Vec<u8>, said: &mut Vec<Cow<'static, str>>, as_text: bool) {
        let outer = said.len();
        if outer * self.entries.len() <= COMPARISONS {
            for entry in &self.entries {
                if !said[..outer].contains(&entry.key) {
                    self.write_entry(entry, to, said, as_text);
                }
            }
            return;
        }
        let names: HashSet<&str> = said.iter().map(AsRef::as_ref).collect();
        let unsaid: Vec<_> = self.entries.iter().filter(|entry| !names.contains(&*entry.key)).collect();
        for entry in unsaid {
            self.write_entry(entry, to, said, as_text);
        }
    }

    fn write_entry(&self, entry: &Entry, to: &mut Vec<u8>, said: &mut Vec<Cow<'static, str>>, as_text: bool) {
        if as_text {
            text::write_pair(to, &entry.key, &self.json[entry.value..entry.end]);
        } else {
            to.extend_from_slice(&self.json[entry.start..entry.end]);
        }
        said.push(entry.key.clone());
    }
}

/// Names as a scope has them.
pub(in super::super) fn names(keys: impl IntoIterator<Item = impl AsRef<str>>) -> HashSet<Cow<'static, str>> {
    keys.into_iter().map(|key| unreserved(Cow::Owned(key.as_ref().to_owned()))).collect()
}
