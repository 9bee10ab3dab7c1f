use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{call, fixture};
use crate::core::error::BoxError;
use crate::records::{Change, Kinesis, Window, WindowState};

#[derive(Default, Deserialize, Serialize)]
struct Seen {
    records: usize,
    #[serde(default)]
    last: String,
}

async fn look(window: Window<Seen, Kinesis<String>>) -> Result<WindowState<Seen>, BoxError> {
    let mut seen = window.state;
    for record in window.records {
        let record = record?;
        seen.records += 1;
        seen.last = record.data;
    }
    if window.bounds.is_final() {
        seen.last = format!("until {}", window.bounds.end());
    }
    Ok(WindowState::new(seen))
}

fn batch(state: Value, records: &[&str]) -> Value {
    let mut event = fixture("python-later/kinesisStreamTumblingWindowEvent.json");
    let record = event["Records"][0].clone();
    let with = |data: &&str| {
        let mut record = record.clone();
        record["kinesis"]["data"] = json!(data);
        record
    };
    event["Records"] = records.iter().map(with).collect();
    event["state"] = state;
    event
}

#[tokio::test]
async fn a_window_is_folded_batch_by_batch() {
    let hello = "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==";
    let answer = call(look, batch(json!({}), &[hello])).await.unwrap();
    let first = json!({ "state": { "records": 1, "last": "Hello, this is a test." }, "batchItemFailures": [] });
    assert_eq!(answer, first);
    assert_eq!(call(look, batch(Value::Null, &[hello])).await.unwrap(), first);
    let answer = call(look, batch(answer["state"].clone(), &[hello, "YQ=="])).await.unwrap();
    assert_eq!(answer["state"], json!({ "records": 3, "last": "a" }));
    let mut last = batch(answer["state"].clone(), &[]);
    last["isFinalInvokeForWindow"] = json!(true);
    let until = json!({ "records": 3, "last": "until 2020-12-09T07:06:00Z" });
    assert_eq!(call(look, last.clone()).await.unwrap()["state"], until);
    last.as_object_mut().unwrap().remove("Records");
    assert_eq!(call(look, last).await.unwrap()["state"], until);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_the_function_decides() {
    let error = call(look, batch(json!({}), &["YQ==", "%"])).await.unwrap_err();
    assert_eq!(error.message(), "the record data could not be decoded");
    let error = call(look, batch(json!({ "records": "many" }), &[])).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidEvent");
    assert!(error.message().starts_with("the state of the window could not be decoded: /records: "), "{error}");
    let array = json!([{ "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:01:00Z" }]);
    let long = json!({ "window": { "start": [], "end": "" }, "shardId": "hunter2".repeat(100) });
    let wrong = json!({ "window": "hunter2".repeat(100) });
    for event in [array, long, wrong] {
        let error = call(look, event).await.unwrap_err();
        assert!(error.message().starts_with("the event is not a batch of a tumbling window"), "{error}");
        assert!(!error.message().contains("hunter2"), "{error}");
    }
    let error = call(look, fixture("python/kinesisStreamEvent.json")).await.unwrap_err();
    assert!(error.message().starts_with("the event is not a batch of a tumbling window"), "{error}");
    let mut event = batch(json!({}), &["YQ=="]);
    event["Records"][0]["eventSource"] = json!("aws:dynamodb");
    assert_eq!(call(look, event).await.unwrap_err().error_type(), "UnexpectedEvent");
}

#[tokio::test]
async fn the_window_of_a_table_is_read_too() {
    type State = Map<String, Value>;
    async fn count(window: Window<State, Change<State>>) -> Result<WindowState<Value>, BoxError> {
        let bounds = &window.bounds;
        assert_eq!((bounds.start(), bounds.end()), ("2020-07-30T17:00:00Z", "2020-07-30T17:05:00Z"));
        assert_eq!((bounds.shard_id(), bounds.stream_arn()), (Some("shard123456789"), Some("stream-ARN")));
        assert!(!bounds.is_final() && !bounds.is_terminated_early());
        let changes = window.records.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(WindowState::new(json!({ "before": window.state, "changes": changes.len() })))
    }
    let event = fixture("python-later/dynamoStreamTumblingWindowEvent.json");
    let answer = call(count, event.clone()).await.unwrap();
    let changes = event["Records"].as_array().unwrap().len();
    assert_eq!(answer["state"], json!({ "before": event["state"], "changes": changes }));
}

#[tokio::test]
async fn the_window_of_a_stream_of_kinesis_has_what_is_within_its_records() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    type Item = Map<String, Value>;

    async fn names(window: Window<Item, Change<Item>>) -> Result<WindowState<Value>, BoxError> {
        let mut names = Vec::new();
        for change in window.records {
            names.push(match change {
                Ok(change) => change.new_image().and_then(|item| item.get("name")).cloned().unwrap_or_default(),
                Err(error) => json!(error.to_string()),
            });
        }
        Ok(WindowState::new(json!({ "names": names })))
    }

    let change = |name: &str| {
        let change = json!({
            "awsRegion": "eu-central-1", "eventID": "e1", "eventName": "INSERT", "tableName": "users",
            "dynamodb": { "Keys": { "id": { "S": "u1" } }, "NewImage": { "name": { "S": name } }, "SizeBytes": 9 },
            "eventSource": "aws:dynamodb",
        });
        STANDARD.encode(change.to_string())
    };
    let event = batch(json!({}), &[&change("Ada"), &STANDARD.encode("{}"), &change("Grace")]);
    let answer = call(names, event).await.unwrap();
    assert_eq!(answer["state"]["names"], json!(["Ada", "the table change could not be decoded", "Grace"]));
}

#[tokio::test]
async fn the_window_of_aggregated_records_has_each_of_them() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    async fn words(window: Window<Map<String, Value>, Kinesis<String>>) -> Result<WindowState<Value>, BoxError> {
        let word = |click: Result<Kinesis<String>, _>| click.map(|click| click.data);
        let words = window.records.into_iter().map(word).collect::<Result<Vec<_>, _>>()?;
        Ok(WindowState::new(json!({ "words": words })))
    }

    let aggregated = super::aggregated::aggregate(&[("a", b"one"), ("b", b"two")]);
    let event = batch(json!({}), &[&STANDARD.encode(aggregated), &STANDARD.encode("three")]);
    let answer = call(words, event).await.unwrap();
    assert_eq!(answer["state"]["words"], json!(["one", "two", "three"]));
}

#[cfg(feature = "cloudwatch-logs")]
#[tokio::test]
async fn the_window_of_a_subscription_has_each_line() {
    use std::io::Write as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use crate::records::LogRecord;

    async fn lines(window: Window<Map<String, Value>, LogRecord>) -> Result<WindowState<Value>, BoxError> {
        let line = |line: Result<LogRecord, _>| line.map(|line| line.message().to_owned());
        let lines = window.records.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
        Ok(WindowState::new(json!({ "lines": lines })))
    }

    let packed = |messages: &[&str]| {
        let line = |message: &&str| json!({ "id": "1", "timestamp": 1, "message": message });
        let text = json!({
            "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s", "subscriptionFilters": [],
            "logEvents": messages.iter().map(line).collect::<Vec<_>>(),
        });
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.to_string().as_bytes()).unwrap();
        STANDARD.encode(gzip.finish().unwrap())
    };
    let event = batch(json!({}), &[&packed(&["a", "b"]), &packed(&[]), &packed(&["c"])]);
    assert_eq!(call(lines, event).await.unwrap()["state"]["lines"], json!(["a", "b", "c"]));
}
