//! Items in the memory of the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::Committed;
use super::item::{Row, Write, Written};
use super::key::Key;
use super::limits::normalized;
use super::query::Range;

#[derive(Clone, Default)]
pub(super) struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<Key, Row>,
    revisions: u64,
}

impl Memory {
    /// Ignores poisoning: no call leaves a half of its writes.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: &Key) -> Option<Row> {
        self.state().rows.get(key).cloned()
    }

    pub(super) fn commit(&self, writes: Vec<Write>) -> Committed {
        let mut state = self.state();
        let refused = writes.iter().find(|write| !write.expected.is_met(state.rows.get(write.key())));
        if let Some(found) = refused.map(|write| state.rows.get(write.key()).cloned()) {
            return Committed::No { writes, found };
        }
        for write in writes {
            match write.row {
                Written::Put(mut row) => {
                    state.revisions += 1;
                    row.revision = Some(state.revisions.to_string());
                    row.value =
                        row.value.into_iter().map(|(name, value)| (name, normalized(value))).collect::<Map<_, Value>>();
                    state.rows.insert(row.key.clone(), row);
                }
                Written::Delete(key) => drop(state.rows.remove(&key)),
                Written::Unchanged(_) => {}
            }
        }
        Committed::Yes
    }

    /// Returns up to `limit` rows of a range that have not expired.
    pub(super) fn query(&self, range: &Range, limit: usize) -> Vec<Row> {
        let state = self.state();
        let in_range = |row: &&Row| range.key_of(row).is_some_and(|key| range.contains(key)) && !row.has_expired();
        let mut rows: Vec<Row> = state.rows.values().filter(in_range).cloned().collect();
        rows.sort_by(|a, b| range.key_of(a).cmp(&range.key_of(b)));
        if range.descending {
            rows.reverse();
        }
        rows.truncate(limit);
        rows
    }
}
