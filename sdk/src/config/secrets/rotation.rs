//! [`RejectedVersions`]: versions that a service no longer accepts, as reported by callers of `fresh`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{SecretId, SecretValue};
use crate::core::clock::Moment;

/// The number of secrets that the cache keeps.
const MOST: usize = 256;
/// The pause after a fetch that returned the rejected version again.
pub(super) const UNCHANGED_PAUSE: Duration = Duration::from_secs(5);

/// The last rejected version of each secret, even if it is not cached. Cheap to clone; clones share their versions.
#[derive(Clone, Default)]
pub(super) struct RejectedVersions(Arc<Mutex<HashMap<SecretId, Version>>>);

struct Version {
    value: SecretValue,
    /// The time at which a caller first reported it.
    since: Moment,
    /// The time at which Secrets Manager returned it again.
    unchanged: Option<Moment>,
}

impl RejectedVersions {
    /// Records that this value was rejected, and returns the time of the first report; `None` in the pause after
    /// Secrets Manager returned it again.
    pub(super) fn reject(&self, value: &SecretValue) -> Option<Moment> {
        let mut versions = self.versions();
        if let Some(version) = versions.get(value.id()).filter(|version| version.value.is_same(value)) {
            match version.unchanged {
                None => return Some(version.since),
                Some(at) if at.age() < UNCHANGED_PAUSE => return None,
                Some(_) => {}
            }
        }
        if versions.len() >= MOST && !versions.contains_key(value.id()) {
            let oldest = versions.iter().max_by_key(|(_, version)| version.since.age()).map(|(id, _)| id.clone());
            oldest.and_then(|id| versions.remove(&id));
        }
        let since = Moment::now();
        versions.insert(value.id().clone(), Version { value: value.clone(), since, unchanged: None });
        Some(since)
    }

    /// Records that Secrets Manager returned the rejected value again.
    pub(super) fn unchanged(&self, value: &SecretValue) {
        let mut versions = self.versions();
        if let Some(version) = versions.get_mut(value.id()).filter(|version| version.value.is_same(value)) {
            version.unchanged = Some(Moment::now());
        }
    }

    /// Removes a value that has a newer version.
    pub(super) fn replaced(&self, value: &SecretValue) {
        self.forget_if(|version| version.id() == value.id() && version.is_same(value));
    }

    pub(super) fn forget_if(&self, forget: impl Fn(&SecretValue) -> bool) {
        self.versions().retain(|_, version| !forget(&version.value));
    }

    pub(super) fn clear(&self) {
        self.versions().clear();
    }

    fn versions(&self) -> MutexGuard<'_, HashMap<SecretId, Version>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RejectedVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectedVersions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_versions_are_kept_as_secrets() {
        let versions = RejectedVersions::default();
        for n in 0..MOST * 2 {
            assert!(versions.reject(&SecretValue::from_text(&SecretId::new(n.to_string()), "a")).is_some());
        }
        assert_eq!(versions.versions().len(), MOST);
    }
}
