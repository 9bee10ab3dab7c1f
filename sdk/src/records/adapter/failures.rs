//! The records that a response names: `batchItemFailures`.

use std::borrow::Cow;
use std::collections::HashSet;

use super::batch::Outcome;
use super::pipes;
use crate::core::error::FunctionError;
use crate::records::adapter::nameless;
use crate::records::answer::Failure;
use crate::records::record::{Id, Record};
use crate::records::source::{Reporting, Source};

/// The ids of the records that are sent again; of a shard or a partition those of all records from the first failure on.
///
/// # Errors
///
/// One of them has no id.
pub(crate) fn named<'r>(
    records: &'r [Record],
    outcomes: &[Outcome],
    reporting: Reporting,
    is_piped: bool,
) -> Result<Vec<Failure<'r>>, FunctionError> {
    let mut failures = Vec::new();
    let mut named = HashSet::new();
    let mut broken = HashSet::new();
    for (record, outcome) in records.iter().zip(outcomes) {
        let shard = match (reporting, record.key()) {
            (Reporting::FromFirst, _) => Some(""),
            (Reporting::FromFirstOfLane, Id::Offset { partition, .. }) => Some(&**partition),
            _ => None,
        };
        if !outcome.is_returned() && !shard.is_some_and(|shard| broken.contains(shard)) {
            continue;
        }
        broken.extend(shard);
        let item_identifier = match record.source() {
            Source::Kinesis | Source::DynamoDb if is_piped => Cow::Owned(pipes::stream_id(record)),
            _ => Cow::Borrowed(record.key()),
        };
        if *item_identifier == Id::Unknown {
            return Err(nameless());
        }
        // Of several records from one envelope the id is named once, and so is one that comes twice.
        if named.insert(item_identifier.clone()) {
            failures.push(Failure { item_identifier });
        }
    }
    Ok(failures)
}

/// Logs the setting of the event source mapping without which what failed is lost: no function can see how it is set.
pub(crate) fn hint(source: Source) {
    tracing::warn!(
        source = %source,
        "the response names the records that failed. Lambda reads it only where the event source mapping has \
         `FunctionResponseTypes: [ReportBatchItemFailures]`; without that setting these records are lost. (Logged once.)"
    );
}
