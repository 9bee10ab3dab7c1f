//! [`Marks`]: which values callers were refused with.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{SecretId, SecretValue, UNCHANGED_PAUSE};
use crate::core::clock::Moment;

/// As many as the cache keeps secrets.
const MOST: usize = 256;

/// Of each secret the version that was refused last, whether or not the cache keeps it. Cheap to clone; clones share their marks.
#[derive(Clone, Default)]
pub(super) struct Marks(Arc<Mutex<HashMap<SecretId, Mark>>>);

struct Mark {
    value: SecretValue,
    /// When a caller first said that it was refused.
    since: Moment,
    /// When the service was asked for a newer one and gave this again.
    unchanged: Option<Moment>,
}

impl Marks {
    /// Notes that this value was refused, and returns since when it is; `None` in the pause after the service gave it again.
    pub(super) fn refused(&self, value: &SecretValue) -> Option<Moment> {
        let mut marks = self.marks();
        if let Some(mark) = marks.get(value.id()).filter(|mark| mark.value.is_same(value)) {
            match mark.unchanged {
                None => return Some(mark.since),
                Some(at) if at.age() < UNCHANGED_PAUSE => return None,
                Some(_) => {}
            }
        }
        if marks.len() >= MOST && !marks.contains_key(value.id()) {
            let oldest = marks.iter().max_by_key(|(_, mark)| mark.since.age()).map(|(id, _)| id.clone());
            oldest.and_then(|id| marks.remove(&id));
        }
        let since = Moment::now();
        marks.insert(value.id().clone(), Mark { value: value.clone(), since, unchanged: None });
        Some(since)
    }

    /// Notes that the service gave the refused value again.
    pub(super) fn unchanged(&self, value: &SecretValue) {
        let mut marks = self.marks();
        if let Some(mark) = marks.get_mut(value.id()).filter(|mark| mark.value.is_same(value)) {
            mark.unchanged = Some(Moment::now());
        }
    }

    /// Forgets a value that there is a newer one for.
    pub(super) fn replaced(&self, value: &SecretValue) {
        self.forget_if(|mark| mark.id() == value.id() && mark.is_same(value));
    }

    pub(super) fn forget_if(&self, forget: impl Fn(&SecretValue) -> bool) {
        self.marks().retain(|_, mark| !forget(&mark.value));
    }

    pub(super) fn clear(&self) {
        self.marks().clear();
    }

    fn marks(&self) -> MutexGuard<'_, HashMap<SecretId, Mark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_marks_are_kept_as_secrets() {
        let marks = Marks::default();
        for n in 0..MOST * 2 {
            assert!(marks.refused(&SecretValue::from_text(&SecretId::new(n.to_string()), "a")).is_some());
        }
        assert_eq!(marks.marks().len(), MOST);
    }
}
