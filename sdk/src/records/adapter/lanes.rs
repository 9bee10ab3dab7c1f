//! The lanes that differ from those of the source; `ids` assigns the others (message group, partition), and `scheduler`
//! runs the records of a lane in order.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::queue::QueuedRecord;
use crate::core::json::lenient::{MaybeText, skimmed};
use crate::records::batch::Batch;
use crate::records::record::Record;
use crate::records::source::Source;

/// Applies the settings that order the records in another way than their source does.
pub(super) fn apply(queue: &mut [QueuedRecord], batch: &Batch) {
    if batch.ordered_by.is_none() && !batch.continue_on_failure {
        return;
    }
    for queued in queue {
        queued.lane = lane(queued.lane.take(), &queued.record, batch);
    }
}

fn lane(lane: Option<String>, record: &Record, batch: &Batch) -> Option<String> {
    match (record.source(), &batch.ordered_by) {
        (Source::DynamoDb, Some(attribute)) => lane.map(|keys| of_attribute(&keys, attribute)),
        // A change of a table in a stream of Kinesis.
        (Source::Kinesis, Some(attribute)) => {
            let change = record.content().and_then(|content| serde_json::from_str::<Change<'_>>(content).ok());
            match change.and_then(|change| change.dynamodb.keys) {
                Some(keys) => Some(of_attribute(&of_item(keys.get()), attribute)),
                None => lane,
            }
        }
        // The keys of a partition are in order each, since the other keys go on after a failure.
        (Source::Kafka, _) if batch.continue_on_failure => {
            #[derive(Deserialize)]
            struct Keyed<'a> {
                #[serde(borrow, default)]
                key: Option<&'a RawValue>,
            }
            let keyed = serde_json::from_str::<Keyed<'_>>(record.json()).ok();
            let key = keyed.and_then(|keyed| keyed.key).map_or("null", RawValue::get);
            // The name of a topic has no blank.
            lane.map(|partition| format!("{partition} {key}"))
        }
        _ => lane,
    }
}

skimmed! {
    struct Change {
        dynamodb: ChangeKeys<'a> = "dynamodb",
    }
}

skimmed! {
    struct ChangeKeys {
        keys: Option<&'a RawValue> = "Keys",
    }
}

/// Returns the lane of an item by its keys: the same for any order of the attributes and any spelling of their texts.
pub(super) fn of_item(keys: &str) -> String {
    // The text of one attribute without an escape has one spelling.
    let has_one_spelling = !keys.contains(|char: char| char == '\\' || char.is_ascii_whitespace());
    if has_one_spelling && keys.matches(":{").count() == 1 {
        return keys.to_owned();
    }
    let sorted = serde_json::from_str::<BTreeMap<Cow<'_, str>, BTreeMap<Cow<'_, str>, Cow<'_, str>>>>(keys);
    sorted.ok().and_then(|keys| serde_json::to_string(&keys).ok()).unwrap_or_else(|| keys.to_owned())
}

/// Returns the lane of one attribute of the keys; empty if they lack it.
fn of_attribute(keys: &str, attribute: &str) -> String {
    let keys = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(keys).unwrap_or_default();
    keys.get(attribute).map_or_else(String::new, |value| value.get().to_owned())
}

/// Returns the partition key of a record that was taken out of an aggregated one.
pub(super) fn of_deaggregated(record: &Record) -> Option<String> {
    let record = serde_json::from_str::<Deaggregated<'_>>(record.deaggregated()?).ok()?;
    record.kinesis.partition_key.0.map(Cow::into_owned)
}

skimmed! {
    struct Deaggregated {
        kinesis: PartitionKey<'a> = "kinesis",
    }
}

skimmed! {
    struct PartitionKey {
        partition_key: MaybeText<'a> = "partitionKey",
    }
}
