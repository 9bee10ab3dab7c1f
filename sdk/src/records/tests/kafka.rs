use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{at_ms, call, failures, fixture, seen};
use crate::core::error::BoxError;
use crate::records::{Kafka, KafkaRecord, KafkaSchema};

fn record(partition: u32, offset: u32, value: &str) -> Value {
    json!({ "topic": "prices", "partition": partition, "offset": offset, "value": STANDARD.encode(value) })
}

#[tokio::test]
async fn the_fields_of_a_real_record_are_there() {
    for (path, arn) in [
        (
            "python/kafkaEventMsk.json",
            Some("arn:aws:kafka:us-east-1:0123456789019:cluster/SalesCluster/abcd1234-abcd-cafe-abab-9876543210ab-4"),
        ),
        ("python/kafkaEventSelfManaged.json", None),
    ] {
        let seen = seen(fixture(path), |record: Kafka<Vec<u8>, Value>| record).await;
        let Kafka { key, value, record } = &seen[0];
        assert_eq!((key.as_deref(), value), (Some(&b"recordKey"[..]), &Some(json!({ "key": "value" }))), "{path}");
        assert_eq!((&*record.topic(), record.partition(), record.offset()), ("mytopic", 0, 15), "{path}");
        assert_eq!(
            (record.timestamp(), record.timestamp_type().as_deref()),
            (at_ms(1_545_084_650_987), Some("CREATE_TIME"))
        );
        assert_eq!(record.headers(), [("headerKey".to_owned(), b"headerValue".to_vec())]);
        assert_eq!((record.header("headerKey"), record.header("other")), (Some(b"headerValue".to_vec()), None));
        assert_eq!(record.cluster_arn().as_deref(), arn);
        let servers =
            ["b-2", "b-1"].map(|host| format!("{host}.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092"));
        assert_eq!(record.bootstrap_servers(), servers);
        assert_eq!(format!("{record:?}"), "KafkaRecord { id: mytopic-0@15, .. }");
    }
}

#[tokio::test]
async fn every_real_event_is_decoded() {
    for (path, records) in [
        ("typescript/parser/kafka/base.json", 1),
        ("typescript/kafka/default.json", 3),
        ("java/serialization/kafka_event.json", 2),
        ("java/validation/kafka_event.json", 2),
    ] {
        let values = seen(fixture(path), |record: Kafka<String, Value>| record.value).await;
        assert_eq!((values.len(), values.iter().all(Option::is_some)), (records, true), "{path}");
    }
    for (path, records) in [
        ("typescript/kafka/avro.json", 3),
        ("typescript/kafka/protobuf.json", 3),
        ("typescript/kafka/protobuf-complex.confluent.json", 4),
        ("typescript/kafka/protobuf-complex.glue.json", 1),
    ] {
        let values = seen(fixture(path), |record: Kafka<String, Vec<u8>>| record.value.map(|value| value.len())).await;
        assert_eq!(
            (values.len(), values.iter().all(|value| value.is_some_and(|len| len > 5))),
            (records, true),
            "{path}"
        );
    }
    let keys = seen(fixture("typescript/kafka/default.json"), |record: Kafka<String, ()>| record.key).await;
    assert_eq!(keys, [Some("recordKey".to_owned()), None, None]);
}

#[tokio::test]
async fn the_schema_of_a_registry_is_told() {
    let path = "typescript/kafka/protobuf-complex.glue.json";
    let seen =
        seen(fixture(path), |record: Kafka<(), ()>| (record.record.key_schema(), record.record.value_schema())).await;
    let schema = KafkaSchema {
        data_format: "PROTOBUF".to_owned(),
        schema_id: Some("12345678-1234-1234-1234-123456789012".to_owned()),
    };
    assert_eq!(seen, [(None, Some(schema))]);
}

#[tokio::test]
async fn a_tombstone_has_no_value_and_a_partition_may_be_a_text() {
    let event = json!({ "eventSource": "SelfManagedKafka", "records": { "prices-3": [
        { "topic": "prices", "partition": "3", "offset": 1, "key": "YQ==", "value": null,
            "headers": [{ "a": [-1, 127] }, { "b": [] }, { "a": null }, { "a": [-128] }] },
        { "topic": "prices", "partition": 3, "offset": 2, "key": "YQ==" },
        { "topic": "prices", "partition": 3, "offset": 3, "value": "" },
    ] } });
    let seen = seen(event, |record: Kafka<String, String>| record).await;
    let pairs = seen.iter().map(|record| (record.key.as_deref(), record.value.as_deref())).collect::<Vec<_>>();
    assert_eq!(pairs, [(Some("a"), None), (Some("a"), None), (None, Some(""))]);
    let record = &seen[0].record;
    assert_eq!((record.partition(), record.timestamp(), record.header("a")), (3, None, Some(vec![128])));
    assert_eq!(record.headers()[0], ("a".to_owned(), vec![255, 127]));
    assert_eq!(record.headers().len(), 4);
}

#[tokio::test]
async fn the_rest_of_a_partition_is_returned_and_other_partitions_go_on() {
    async fn project(record: KafkaRecord, price: Kafka<(), u32>) -> Result<(), BoxError> {
        assert_eq!(record.topic(), "prices");
        if price.value == Some(0) { Err("zero".into()) } else { Ok(()) }
    }
    let event = |values: [[&str; 3]; 2]| {
        let of = |partition: usize| {
            let values = values[partition].iter().zip(5..);
            values.map(|(value, offset)| record(partition as u32, offset, value)).collect::<Vec<_>>()
        };
        json!({ "eventSource": "aws:kafka", "records": { "prices-0": of(0), "prices-1": of(1) } })
    };
    let place =
        |partition: &str, offset: u32| json!({ "itemIdentifier": { "partition": partition, "offset": offset } });
    let answer = call(project, event([["1", "0", "2"], ["1", "2", "3"]])).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [place("prices-0", 6), place("prices-0", 7)] }));
    // What cannot be decoded fails as a record.
    let answer = call(project, event([["1", "2", "3"], ["1", "2", "x"]])).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [place("prices-1", 7)] }));
    let mut broken = event([["1", "2", "3"], ["1", "2", "3"]]);
    broken["records"]["prices-0"][0]["value"] = json!("%");
    broken["records"]["prices-1"][1]["topic"] = Value::Null;
    let answer = call(project, broken).await.unwrap();
    let places =
        [place("prices-0", 5), place("prices-0", 6), place("prices-0", 7), place("prices-1", 6), place("prices-1", 7)];
    assert_eq!(answer, json!({ "batchItemFailures": places }));
    for empty in [json!({ "eventSource": "aws:kafka" }), json!({ "eventSource": "aws:kafka", "records": {} })] {
        assert_eq!(call(project, empty).await.unwrap(), failures(&[]));
    }
}
