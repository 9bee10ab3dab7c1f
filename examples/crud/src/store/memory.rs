//! Users in memory, for `cargo run` and tests.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::users::{EmailTaken, User, UsersError, VersionConflict};

#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    users: BTreeMap<Uuid, User>,
    emails: HashSet<String>,
}

impl Memory {
    /// Ignores poisoning: every operation checks its preconditions before its first write, so a panic leaves a valid
    /// state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, user: &User) -> Result<(), UsersError> {
        let mut state = self.state();
        if !state.emails.insert(user.email_key()) {
            return Err(EmailTaken.into());
        }
        state.users.insert(user.id, user.clone());
        Ok(())
    }

    pub(super) fn get(&self, id: Uuid) -> Result<Option<User>, UsersError> {
        Ok(self.state().users.get(&id).cloned())
    }

    pub(super) fn list(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<User>, UsersError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.state().users.range((start, Bound::Unbounded)).map(|(_, user)| user.clone()).take(limit).collect())
    }

    pub(super) fn replace(&self, old: &User, new: &User) -> Result<(), UsersError> {
        let mut state = self.state();
        state.ensure_unchanged(old)?;
        if old.email_key() != new.email_key() {
            if !state.emails.insert(new.email_key()) {
                return Err(EmailTaken.into());
            }
            state.emails.remove(&old.email_key());
        }
        state.users.insert(new.id, new.clone());
        Ok(())
    }

    pub(super) fn remove(&self, user: &User) -> Result<(), UsersError> {
        let mut state = self.state();
        state.ensure_unchanged(user)?;
        state.emails.remove(&user.email_key());
        state.users.remove(&user.id);
        Ok(())
    }
}

impl State {
    fn ensure_unchanged(&self, user: &User) -> Result<(), VersionConflict> {
        let same = self.users.get(&user.id).is_some_and(|stored| stored.version == user.version);
        if same { Ok(()) } else { Err(VersionConflict) }
    }
}
