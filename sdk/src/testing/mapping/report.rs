//! [`Report`]: the outcome of each record.

use serde_json::Value;

use super::verdict::{Item, Verdict};
use crate::core::error::FunctionError;

/// The outcome of each record, in order. Records are identified by message id, sequence number, or `topic-0@7`.
#[derive(Debug)]
#[must_use = "it has the outcome of the records"]
pub struct Report {
    pub(super) fates: Vec<Fate>,
    /// The positions of the completed and of the dead-lettered records, in the order of these outcomes.
    pub(super) completed: Vec<usize>,
    pub(super) dead: Vec<usize>,
    pub(super) calls: Vec<Call>,
}

#[derive(Debug)]
pub(super) struct Fate {
    pub(super) item: Item,
    pub(super) deliveries: u32,
}

/// One invocation of the function.
#[derive(Debug)]
#[non_exhaustive]
pub struct Call {
    /// The event that was sent.
    pub event: Value,
    /// The function's response.
    pub response: Result<Value, FunctionError>,
    /// AWS's evaluation of the response.
    pub verdict: Verdict,
}

impl Report {
    pub(super) fn new(items: Vec<Item>) -> Self {
        let fates = items.into_iter().map(|item| Fate { item, deliveries: 0 }).collect();
        Self { fates, completed: Vec::new(), dead: Vec::new(), calls: Vec::new() }
    }

    fn ids(&self, places: &[usize]) -> Vec<&str> {
        places.iter().map(|&at| &*self.fates[at].item.id).collect()
    }

    /// Returns the completed records, in the order in which they were completed.
    pub fn completed(&self) -> Vec<&str> {
        self.ids(&self.completed)
    }

    /// Returns the records that moved to the dead-letter queue or to the on-failure destination, in order.
    pub fn dead_lettered(&self) -> Vec<&str> {
        self.ids(&self.dead)
    }

    /// Returns the number of times that a record was sent to the function; 0 for an unknown record.
    pub fn deliveries(&self, id: &str) -> u32 {
        self.fates.iter().find(|fate| fate.item.id == id).map_or(0, |fate| fate.deliveries)
    }

    /// Returns the completed records of one message group or partition (`topic-0`), in the order in which they were
    /// completed.
    pub fn order(&self, lane: &str) -> Vec<&str> {
        let of = |&&at: &&usize| self.fates[at].item.lane.as_deref() == Some(lane);
        self.ids(&self.completed.iter().filter(of).copied().collect::<Vec<_>>())
    }

    /// Returns the records that were completed before an earlier message of their group: [`Verdict::overtook`] of all
    /// calls.
    pub fn overtook(&self) -> Vec<&str> {
        self.calls.iter().flat_map(|call| call.verdict.overtook()).collect()
    }

    /// Returns every invocation of the function, in order.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }
}
