//! [`Report`]: what became of each record.

use serde_json::Value;

use super::verdict::{Item, Verdict};
use crate::core::error::FunctionError;

/// What became of each record, and in which order. Records are known by message id, sequence number, or `topic-0@7`.
#[derive(Debug)]
#[must_use = "it tells what became of the records"]
pub struct Report {
    pub(super) fates: Vec<Fate>,
    /// Positions of the completed, then of the dead-lettered, as it happened.
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
    /// What was sent.
    pub event: Value,
    /// What came back.
    pub answer: Result<Value, FunctionError>,
    /// What AWS makes of it.
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

    /// What is done, in the order in which it was done.
    pub fn completed(&self) -> Vec<&str> {
        self.ids(&self.completed)
    }

    /// What ended in the dead-letter queue or went to the on-failure destination, in that order.
    pub fn dead_lettered(&self) -> Vec<&str> {
        self.ids(&self.dead)
    }

    /// How often a record was sent to the function; 0 for one that the source never had.
    pub fn deliveries(&self, id: &str) -> u32 {
        self.fates.iter().find(|fate| fate.item.id == id).map_or(0, |fate| fate.deliveries)
    }

    /// What is done of one message group or partition (`topic-0`), in the order in which it was done.
    pub fn order(&self, lane: &str) -> Vec<&str> {
        let of = |&&at: &&usize| self.fates[at].item.lane.as_deref() == Some(lane);
        self.ids(&self.completed.iter().filter(of).copied().collect::<Vec<_>>())
    }

    /// What was done before an earlier message of its group was: [`Verdict::overtook`] of all calls.
    pub fn overtook(&self) -> Vec<&str> {
        self.calls.iter().flat_map(|call| call.verdict.overtook()).collect()
    }

    /// Every invocation of the function, in order.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }
}
