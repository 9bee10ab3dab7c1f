//! [`QueuedRecord`]: a record that waits for its turn; a lane is a sequence of records of which one at a time is
//! processed.

use std::collections::{HashMap, VecDeque};

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

/// Returns the positions of the records by lane.
pub(super) fn by_lane(queue: &[QueuedRecord]) -> Vec<VecDeque<usize>> {
    let mut lanes = Vec::<VecDeque<usize>>::with_capacity(queue.len());
    let mut known = HashMap::<&str, usize>::new();
    for (index, queued) in queue.iter().enumerate() {
        let lane = match &queued.lane {
            None => lanes.len(),
            Some(name) => *known.entry(name).or_insert(lanes.len()),
        };
        match lanes.get_mut(lane) {
            Some(lane) => lane.push_back(index),
            None => lanes.push(VecDeque::from([index])),
        }
    }
    lanes
}
