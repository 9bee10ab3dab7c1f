//! [`Batch`]: many keys at once. Callers may choose their names and number, so no operation is quadratic.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::format;
use super::{Entry, Fields, unreserved, write_json};

/// The maximum number of keys that are put at once, and that an invocation or the process has.
pub(in super::super) const MAX_KEYS: usize = 1_000;

/// The number of comparisons above which a set of the keys is worth its allocations.
const COMPARISONS: usize = 1_024;

/// Keys to be put at once, serialised before a lock is taken.
#[derive(Debug, Default)]
pub(in super::super) struct Batch {
    fields: Fields,
    /// The names of the keys that are put or removed.
    names: HashSet<Cow<'static, str>>,
    /// There were more than [`MAX_KEYS`], and the others are omitted.
    pub(in super::super) is_cut: bool,
}

impl Batch {
    /// Takes keys with their values as JSON text. `null` removes a key.
    pub(in super::super) fn of<J: AsRef<str>>(keys: impl ExactSizeIterator<Item = (Cow<'static, str>, J)>) -> Self {
        let mut batch = Self { is_cut: keys.len() > MAX_KEYS, ..Self::default() };
        for (key, json) in keys.take(MAX_KEYS) {
            let key = unreserved(key);
            if !batch.names.insert(key.clone()) {
                // A reserved key, and the same name with an underscore.
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
    /// Puts keys, which replace those of the same names. Returns `false` if some are omitted, beyond [`MAX_KEYS`].
    pub(in super::super) fn put_all(&mut self, batch: &Batch) -> bool {
        self.retain(|key| !batch.names.contains(key));
        let fit = MAX_KEYS.saturating_sub(self.entries.len());
        for Entry { key, value, end, .. } in batch.fields.entries.iter().take(fit) {
            self.push(key.clone(), |to| to.extend_from_slice(&batch.fields.json[*value..*end]));
        }
        batch.fields.entries.len() <= fit && !batch.is_cut
    }

    /// Puts JSON text like [`put_json`](Self::put_json). Returns `false`, and puts nothing, if there are [`MAX_KEYS`]
    /// others.
    pub(in super::super) fn put_bounded(&mut self, key: Cow<'static, str>, json: &str) -> bool {
        let fits = json == "null" || self.entries.len() < MAX_KEYS || self.has(&unreserved(key.clone()));
        if fits {
            self.put_json(key, json);
        }
        fits
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

    /// Writes the entries whose keys no inner span or event has written, and adds these keys to `written`.
    pub(in super::super) fn write_remaining(
        &self,
        to: &mut Vec<u8>,
        written: &mut Vec<Cow<'static, str>>,
        as_text: bool,
    ) {
        let inner = written.len();
        if inner * self.entries.len() <= COMPARISONS {
            for entry in &self.entries {
                if !written[..inner].contains(&entry.key) {
                    self.write_entry(entry, to, written, as_text);
                }
            }
            return;
        }
        let names: HashSet<&str> = written.iter().map(AsRef::as_ref).collect();
        let remaining: Vec<_> = self.entries.iter().filter(|entry| !names.contains(&*entry.key)).collect();
        for entry in remaining {
            self.write_entry(entry, to, written, as_text);
        }
    }

    fn write_entry(&self, entry: &Entry, to: &mut Vec<u8>, written: &mut Vec<Cow<'static, str>>, as_text: bool) {
        if as_text {
            format::write_pair(to, &entry.key, &self.json[entry.value..entry.end]);
        } else {
            to.extend_from_slice(&self.json[entry.start..entry.end]);
        }
        written.push(entry.key.clone());
    }
}

/// Returns the names under which these keys are stored.
pub(in super::super) fn names(keys: impl IntoIterator<Item = impl AsRef<str>>) -> HashSet<Cow<'static, str>> {
    keys.into_iter().map(|key| unreserved(Cow::Owned(key.as_ref().to_owned()))).collect()
}
