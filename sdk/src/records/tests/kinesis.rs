use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{at_ms, call, failures, fixture, seen};
use crate::core::error::BoxError;
use crate::records::{Kinesis, KinesisRecord};

fn record(number: u32, key: &str, data: &str) -> Value {
    json!({
        "kinesis": { "sequenceNumber": number.to_string(), "partitionKey": key, "data": STANDARD.encode(data) },
        "eventSource": "aws:kinesis",
        "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks",
    })
}

#[tokio::test]
async fn the_fields_of_a_real_record_are_there() {
    let seen = seen(fixture("python/kinesisStreamEvent.json"), |record: Kinesis<String>| record).await;
    let Kinesis { data, record } = &seen[0];
    assert_eq!((data.as_str(), &*seen[1]), ("Hello, this is a test.", &"This is only a test.".to_owned()));
    assert_eq!(record.sequence_number(), "49590338271490256608559692538361571095921575989136588898");
    assert_eq!(
        (record.partition_key().as_deref(), record.shard_id().as_deref()),
        (Some("1"), Some("shardId-000000000006"))
    );
    assert_eq!(
        (record.arrived_at(), seen[1].record.arrived_at()),
        (at_ms(1_545_084_650_987), at_ms(1_545_084_711_166))
    );
    assert_eq!(record.stream_arn().as_deref(), Some("arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"));
    assert_eq!(
        (record.stream_name().as_deref(), record.region().as_deref()),
        (Some("lambda-stream"), Some("us-east-2"))
    );
    let debug = format!("{record:?}");
    assert!(debug.contains("4959033827") && !debug.contains("partition"), "{debug}");
}

#[tokio::test]
async fn every_real_event_is_decoded() {
    #[derive(Deserialize)]
    struct Product {
        id: Value,
        price: u64,
    }
    let text = |record: Kinesis<String>| record.data;
    for path in ["python-later/kinesisStreamTumblingWindowEvent.json", "python/kinesisStreamEventOneRecord.json"] {
        assert_eq!(seen(fixture(path), text).await.len(), 1, "{path}");
    }
    assert_eq!(seen(fixture("typescript/parser/kinesis/stream.json"), text).await.len(), 2);
    assert_eq!(
        seen(fixture("typescript/parser/kinesis/dynamodb-stream.json"), |r: Kinesis<Value>| r.data).await.len(),
        2
    );
    for case in fixture("dotnet/jmespath/kinesis_data_stream.json").as_array().unwrap() {
        let data = seen(case["given"].clone(), |record: Kinesis<String>| record.data).await;
        assert!(data[0].contains("Test from Kinesis"), "{data:?}");
    }
    for path in
        ["python/kinesisStreamCloudWatchLogsEvent.json", "typescript/parser/kinesis/stream-cloudwatch-logs.json"]
    {
        let gzip = seen(fixture(path), |record: Kinesis<Vec<u8>>| record.data[..2] == [0x1f, 0x8b]).await;
        assert_eq!(gzip, [true, true], "{path}");
    }
    for (path, records) in [
        ("java/validation/kinesis.json", 2),
        ("java/validation/kinesis_invalid_messages.json", 4),
        ("java/serialization/kinesis_event.json", 2),
        ("java/batch/kinesis_event.json", 2),
        ("java/batch/kinesis_event_big.json", 13),
    ] {
        let products = seen(fixture(path), |record: Kinesis<Product>| (record.id.clone(), record.price)).await;
        assert_eq!(products.len(), records, "{path}");
        assert!(products.iter().all(|(id, price)| !id.is_null() && *price > 0), "{path}: {products:?}");
    }
}

#[tokio::test]
async fn from_the_first_failure_on_all_are_returned() {
    async fn count(click: Kinesis<u32>) -> Result<(), BoxError> {
        if *click == 0 { Err("zero".into()) } else { Ok(()) }
    }
    let of = |data: [&str; 4]| {
        let records = data.iter().zip([11, 12, 13, 14]).zip(["a", "b", "a", "b"]);
        json!({ "Records": records.map(|((data, number), key)| record(number, key, data)).collect::<Vec<_>>() })
    };
    assert_eq!(call(count, of(["1", "2", "3", "4"])).await.unwrap(), failures(&[]));
    assert_eq!(call(count, of(["1", "0", "3", "4"])).await.unwrap(), failures(&["12", "13", "14"]));
    // What cannot be decoded, be it base64 or JSON, fails as a record.
    assert_eq!(call(count, of(["1", "2", "x", "4"])).await.unwrap(), failures(&["13", "14"]));
    let mut event = of(["1", "2", "3", "4"]);
    event["Records"][3]["kinesis"]["data"] = json!("%");
    assert_eq!(call(count, event.clone()).await.unwrap(), failures(&["14"]));
    event["Records"][2]["kinesis"]["data"] = Value::Null;
    assert_eq!(call(count, event).await.unwrap(), failures(&["13", "14"]));
}

#[tokio::test]
async fn the_record_is_an_argument_too_and_a_consumer_has_the_name_of_its_stream() {
    async fn look(record: KinesisRecord, _: Kinesis<()>) -> Result<(), BoxError> {
        assert_eq!((record.stream_name().as_deref(), record.arrived_at()), (Some("clicks"), None));
        Ok(())
    }
    let mut event = json!({ "Records": [record(1, "a", "\u{0}")] });
    let arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks/consumer/app:1608212450";
    event["Records"][0]["eventSourceARN"] = json!(arn);
    assert_eq!(call(look, event).await.unwrap(), failures(&[]));
}
