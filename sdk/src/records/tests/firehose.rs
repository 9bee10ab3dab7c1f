use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{at_ms, call, fixture};
use crate::core::error::BoxError;
use crate::records::{Firehose, FirehoseRecord, FromRecord, RecordResponse, TransformedRecord};

fn stream(data: &[&str]) -> Value {
    let records =
        data.iter().zip(1..).map(|(data, at)| json!({ "recordId": format!("r{at}"), "data": STANDARD.encode(data) }));
    json!({ "deliveryStreamArn": "arn:aws:firehose:x", "region": "x", "records": records.collect::<Vec<_>>() })
}

fn result(id: &str, result: &str, data: &str) -> Value {
    json!({ "recordId": id, "result": result, "data": STANDARD.encode(data) })
}

/// Returns what `read` reads of each record of an event.
async fn seen<R, T>(event: Value, read: fn(R) -> T) -> Vec<T>
where
    R: FromRecord<Response = TransformedRecord> + 'static,
    T: Send + 'static,
{
    let seen = Arc::new(Mutex::new(Vec::new()));
    let function = {
        let seen = Arc::clone(&seen);
        move |record: R| {
            seen.lock().unwrap().push(read(record));
            std::future::ready(TransformedRecord::dropped())
        }
    };
    call(function, event).await.unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test]
async fn the_fields_of_a_real_record_are_there() {
    for path in ["python/kinesisFirehoseKinesisEvent.json", "typescript/parser/kinesis/firehose.json"] {
        let seen = seen(fixture(path), |record: Firehose<String>| record).await;
        let Firehose { data, record } = &seen[0];
        assert_eq!((data.as_str(), seen[1].data.as_str()), ("Hello World", r#"{"Hello": "World"}"#), "{path}");
        assert_eq!((record.id(), record.arrived_at()), ("record1".to_owned(), at_ms(1_664_028_820_148)));
        let stream = "arn:aws:firehose:us-east-2:123456789012:deliverystream/delivery-stream-name";
        assert_eq!(
            (record.delivery_stream_arn().as_deref(), record.region().as_deref()),
            (Some(stream), Some("us-east-2"))
        );
        let source = "arn:aws:kinesis:us-east-1:123456789012:stream/kinesis-source";
        assert_eq!(
            (record.source_stream_arn().as_deref(), record.shard_id().as_deref()),
            (Some(source), Some("shardId-000000000000"))
        );
        assert_eq!(record.partition_key().as_deref(), Some("4d1ad2b9-24f8-4b9d-a088-76e9947c317a"));
        let number = "49546986683135544286507457936321625675700192471156785154";
        assert_eq!((record.sequence_number().as_deref(), record.subsequence_number()), (Some(number), Some(0)));
        assert_eq!(format!("{record:?}"), r#"FirehoseRecord { id: "record1", .. }"#);
    }
}

#[tokio::test]
async fn every_real_event_is_decoded() {
    for path in ["python/kinesisFirehosePutEvent.json", "typescript/parser/kinesis/firehose-put.json"] {
        let seen = seen(fixture(path), |record: Firehose<Vec<u8>>| record).await;
        let record = &seen[1].record;
        assert_eq!(
            (seen.len(), record.id(), record.arrived_at()),
            (2, "record2".to_owned(), at_ms(1_664_029_186_945)),
            "{path}"
        );
        assert_eq!(
            (record.source_stream_arn(), record.shard_id(), record.subsequence_number()),
            (None, None, None),
            "{path}"
        );
    }
    for path in ["python/kinesisFirehoseSQSEvent.json", "typescript/parser/kinesis/firehose-sqs.json"] {
        let bodies = seen(fixture(path), |record: Firehose<Value>| record["body"].clone()).await;
        assert_eq!(bodies, ["Test message."], "{path}");
    }
    let text =
        seen(fixture("typescript/parser/kinesis/firehose-sqs-invalid.json"), |record: Firehose<String>| record.data)
            .await;
    assert_eq!(text, ["not a valid jason"]);
}

#[tokio::test]
async fn each_record_is_answered_with_its_result() {
    async fn clean(number: Firehose<u32>) -> Result<TransformedRecord, BoxError> {
        Ok(match *number {
            0 => TransformedRecord::dropped(),
            1 => TransformedRecord::failed(),
            2 => return Err("two".into()),
            3 => panic!("three"),
            4 => TransformedRecord::ok("four")
                .partition_key("day", "1")
                .partition_key("day", "2")
                .partition_key("hour", "3"),
            other => TransformedRecord::json(&json!({ "n": other }))?,
        })
    }
    let answer = call(clean, stream(&["0", "1", "2", "3", "4", "5", "x"])).await.unwrap();
    let mut four = result("r5", "Ok", "four");
    four["metadata"] = json!({ "partitionKeys": { "day": "2", "hour": "3" } });
    let results = json!([
        result("r1", "Dropped", ""),
        result("r2", "ProcessingFailed", "1"),
        result("r3", "ProcessingFailed", "2"),
        result("r4", "ProcessingFailed", "3"),
        four,
        result("r6", "Ok", "{\"n\":5}\n"),
        // What cannot be read keeps its data, and fails alone.
        result("r7", "ProcessingFailed", "x"),
    ]);
    assert_eq!(answer, json!({ "records": results }));
    assert_eq!(call(clean, stream(&[])).await.unwrap(), json!({ "records": [] }));
}

#[tokio::test]
async fn a_record_that_is_no_base64_keeps_what_it_came_with() {
    async fn keep(record: FirehoseRecord, text: Firehose<String>) -> TransformedRecord {
        TransformedRecord::ok(format!("{}: {}", record.id(), text.data))
    }
    let mut event = stream(&["a", "b"]);
    event["records"][0]["data"] = json!("%");
    let answer = call(keep, event).await.unwrap();
    let first = json!({ "recordId": "r1", "result": "ProcessingFailed", "data": "%" });
    assert_eq!(answer, json!({ "records": [first, result("r2", "Ok", "r2: b")] }));
}

#[test]
fn what_is_delivered_does_not_print() {
    let secret = TransformedRecord::ok("secret").partition_key("user", "ada");
    assert_eq!(
        format!("{:?}", RecordResponse::from(secret)),
        "RecordResponse(Transformed(Ok { bytes: 6, partition_keys: 1 }))"
    );
    assert_eq!(
        format!("{:?}{:?}", TransformedRecord::dropped(), TransformedRecord::failed().partition_key("a", "b")),
        "DroppedFailed"
    );
}
