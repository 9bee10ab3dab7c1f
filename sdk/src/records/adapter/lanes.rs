//! Lanes that the settings of a batch decide: by an attribute of a table's key, or by the keys of a partition.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::batch::{Batch, Unit};
use crate::records::adapter::lenient::Head;
use crate::records::extract::dynamodb;
use crate::records::record::Record;
use crate::records::source::Source;

/// Sets the lanes as the batch is set to order its records.
pub(crate) fn set(units: &mut [Unit], batch: &Batch) {
    if batch.ordered_by.is_none() && !batch.continue_on_failure {
        return;
    }
    for unit in units {
        unit.lane = lane(unit.lane.take(), &unit.record, batch);
    }
}

fn lane(lane: Option<String>, record: &Record, batch: &Batch) -> Option<String> {
    match (record.source(), &batch.ordered_by) {
        (Source::DynamoDb, Some(attribute)) => lane.map(|keys| dynamodb::key(&keys, attribute)),
        // A change of a table in a stream of Kinesis.
        (Source::Kinesis, Some(attribute)) => {
            let head = record.content().and_then(|content| serde_json::from_str::<Head<'_>>(content).ok());
            match head.and_then(|head| head.dynamodb.keys) {
                Some(keys) => Some(dynamodb::key(&dynamodb::item(keys.get()), attribute)),
                None => lane,
            }
        }
        // The records of a partition with a failure go on, so what is ordered is a key of it.
        (Source::Kafka, _) if batch.continue_on_failure => {
            #[derive(Deserialize)]
            struct Wire<'a> {
                #[serde(borrow, default)]
                key: Option<&'a RawValue>,
            }
            let wire = serde_json::from_str::<Wire<'_>>(record.json()).ok();
            let key = wire.and_then(|wire| wire.key).map_or("null", RawValue::get);
            // No topic has a blank in its name.
            lane.map(|partition| format!("{partition} {key}"))
        }
        _ => lane,
    }
}
