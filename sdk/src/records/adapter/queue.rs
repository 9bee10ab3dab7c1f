//! [`QueuedRecord`]: a record that waits for its turn; a lane is a sequence of records of which one at a time is
//! processed.

use std::collections::HashMap;

use crate::core::error::FunctionError;
use crate::records::error::DecodeError;
use crate::records::record::Record;

pub(crate) struct QueuedRecord {
    pub(crate) record: Record,
    /// The name of its lane, such as a message group; without one it is a lane of its own.
    pub(super) lane: Option<String>,
    pub(crate) step: Step,
}

/// The work for the record.
pub(crate) enum Step {
    /// The function is called.
    Call,
    /// The record is opened, and the function called for each of its contents.
    OpenAndCall,
    /// The record fails: its id or its lane could not be decoded.
    Reject(DecodeError),
    /// The record fails: its contents could not be decoded.
    Fail(FunctionError),
}

/// The order of the records in their lanes.
pub(super) struct Lanes {
    /// The first record of each lane.
    pub(super) first: Vec<usize>,
    /// The record behind each record, in its lane.
    behind: Vec<Option<usize>>,
}

impl Lanes {
    pub(super) fn of(queue: &[QueuedRecord]) -> Self {
        let mut first = Vec::with_capacity(queue.len());
        let mut behind = vec![None; queue.len()];
        let mut last = HashMap::<&str, usize>::new();
        for (index, queued) in queue.iter().enumerate() {
            match queued.lane.as_deref().and_then(|lane| last.insert(lane, index)) {
                Some(before) => behind[before] = Some(index),
                None => first.push(index),
            }
        }
        Self { first, behind }
    }

    /// Returns the record behind this one in its lane.
    pub(super) fn behind(&self, index: usize) -> Option<usize> {
        self.behind.get(index).copied().flatten()
    }
}
