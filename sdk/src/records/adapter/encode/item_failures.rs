//! The partial batch response: `{"batchItemFailures": [{"itemIdentifier": …}, …]}`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Serialize, Serializer};

use super::without_id;
use crate::core::error::FunctionError;
use crate::records::adapter::outcome::Outcome;
use crate::records::adapter::pipes;
use crate::records::record::{Record, RecordId};
use crate::records::source::{ResponseFormat, Source};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response<'a> {
    batch_item_failures: Vec<ItemFailure<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure<'a> {
    #[serde(serialize_with = "identifier")]
    item_identifier: Cow<'a, RecordId>,
}

impl<'a> Response<'a> {
    /// Names the records that are retried; of a shard or a partition all records from the first failure on.
    ///
    /// # Errors
    ///
    /// One of them has no id.
    pub(super) fn new(
        records: &'a [Record],
        outcomes: &[Outcome],
        format: ResponseFormat,
        is_piped: bool,
    ) -> Result<Self, FunctionError> {
        let mut batch_item_failures = Vec::new();
        let mut named = HashSet::new();
        let mut failed_shards = HashSet::new();
        for (record, outcome) in records.iter().zip(outcomes) {
            let shard = match (format, record.record_id()) {
                (ResponseFormat::ShardCheckpoint, _) => Some(""),
                (ResponseFormat::PartitionCheckpoints, RecordId::Offset { partition, .. }) => Some(&**partition),
                _ => None,
            };
            if !outcome.is_retried() && !shard.is_some_and(|shard| failed_shards.contains(shard)) {
                continue;
            }
            failed_shards.extend(shard);
            let item_identifier = match record.source() {
                Source::Kinesis | Source::DynamoDb if is_piped => Cow::Owned(pipes::stream_id(record)),
                _ => Cow::Borrowed(record.record_id()),
            };
            if *item_identifier == RecordId::Unknown {
                return Err(without_id());
            }
            // The contents of an envelope share its id, which is named once.
            if named.insert(item_identifier.clone()) {
                batch_item_failures.push(ItemFailure { item_identifier });
            }
        }
        Ok(Self { batch_item_failures })
    }

    /// Warns once of the setting of the event source mapping without which the failed records are lost: a function
    /// cannot see how its mapping is set.
    pub(super) fn warn_of_mapping(&self, source: Source, has_warned: &AtomicBool) {
        if self.batch_item_failures.is_empty() || has_warned.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            source = %source,
            "the response names the records that failed. Lambda reads it only if the event source mapping has \
             `FunctionResponseTypes: [ReportBatchItemFailures]`; without that setting these records are lost. (Logged once.)"
        );
    }
}

/// Writes a text, or `{"partition": "topic-0", "offset": 7}` for a record of Kafka.
fn identifier<S: Serializer>(id: &impl AsRef<RecordId>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Offset<'a> {
        partition: &'a str,
        offset: i64,
    }
    match id.as_ref() {
        RecordId::Text(text) => serializer.serialize_str(text),
        RecordId::Offset { partition, offset } => Offset { partition, offset: *offset }.serialize(serializer),
        RecordId::Unknown => Err(serde::ser::Error::custom("a record without an id")),
    }
}
