use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{at_ms, call, fixture, seen};
use crate::error::BoxError;
use crate::records::LogRecord;

fn gzip(bytes: &[u8]) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}

fn event(content: &Value) -> Value {
    json!({ "awslogs": { "data": gzip(content.to_string().as_bytes()) } })
}

fn batch(events: Vec<Value>) -> Value {
    json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/shop", "logStream": "s",
        "subscriptionFilters": ["all"], "logEvents": events,
    })
}

async fn take(_: LogRecord) -> Result<(), BoxError> {
    Ok(())
}

/// Why a batch failed.
async fn why(event: Value) -> String {
    let error = call(take, event).await.unwrap_err();
    format!("{error}: {}", super::root(&error))
}

#[tokio::test]
async fn the_function_is_called_for_each_log_event() {
    let seen = seen(fixture("python/cloudWatchLogEvent.json"), |log: LogRecord| log).await;
    assert_eq!(seen.len(), 2);
    let log = &seen[0];
    assert_eq!((log.log_group(), log.log_stream(), log.owner()), ("testLogGroup", "testLogStream", "123456789123"));
    assert_eq!((log.id(), log.message()), ("eventId1", "[ERROR] First test message"));
    assert_eq!((log.subscription_filters(), log.policy_level()), (&["testFilter".to_owned()][..], None));
    assert_eq!(Some(log.timestamp()), at_ms(1_440_442_987_000));
    assert_eq!(seen[1].message(), "[ERROR] Second test message");
    let debug = format!("{log:?}");
    assert!(debug.contains("testLogGroup") && !debug.contains("ERROR"), "{debug}");
}

#[tokio::test]
async fn every_real_event_is_decoded() {
    let text = |log: LogRecord| log.message().to_owned();
    let levels = seen(fixture("python/cloudWatchLogEventWithPolicyLevel.json"), |log: LogRecord| {
        log.policy_level().map(str::to_owned)
    });
    assert_eq!(levels.await[0].as_deref(), Some("ACCOUNT_LEVEL_POLICY"));
    assert!(!seen(fixture("typescript/parser/cloudwatch/base.json"), text).await.is_empty());
    let of_kinesis = seen(fixture("python/kinesisStreamCloudWatchLogsEvent.json"), text).await;
    assert!(of_kinesis[0].starts_with("START RequestId: 06e46194"), "{of_kinesis:?}");
}

#[tokio::test]
async fn a_line_is_json_and_has_the_fields_that_the_pattern_found() {
    let events = vec![json!({
        "id": "1", "timestamp": 7, "message": r#"{"level": "ERROR"}"#,
        "extractedFields": { "level": "ERROR", "nothing": null },
    })];
    let seen = seen(event(&batch(events)), |log: LogRecord| log).await;
    assert_eq!(seen[0].json::<Value>().unwrap()["level"], "ERROR");
    assert!(seen[0].json::<Vec<u8>>().is_err());
    assert_eq!(seen[0].extracted_field("level"), Some("ERROR"));
    assert_eq!(seen[0].extracted_fields().collect::<Vec<_>>(), [("level", "ERROR")]);
}

#[tokio::test]
async fn a_control_message_is_acknowledged_without_a_call() {
    async fn never(_: LogRecord) -> Result<(), BoxError> {
        Err("called".into())
    }
    let mut control =
        batch(vec![json!({ "id": "", "timestamp": 0, "message": "CWL CONTROL MESSAGE: Checking health" })]);
    control["messageType"] = json!("CONTROL_MESSAGE");
    assert_eq!(call(never, event(&control)).await.unwrap(), Value::Null);
}

#[tokio::test]
async fn a_log_event_that_cannot_be_read_fails_alone() {
    let good = json!({ "id": "1", "timestamp": 7, "message": "a" });
    let error = call(take, event(&batch(vec![good.clone(), json!({ "id": 7 }), good]))).await.unwrap_err();
    assert!(error.to_string().contains("the log event cannot be read"), "{error}");
}

#[tokio::test]
async fn a_zip_bomb_is_an_error_and_stays_small() {
    let bomb = json!({ "awslogs": { "data": gzip(&vec![b' '; 64 * 1024 * 1024]) } });
    assert!(why(bomb).await.ends_with("it unpacks to more than 16777216 bytes"));

    // Small when unpacked, but each of many events would have its own copy of a long name.
    let mut many = batch(vec![json!({ "id": "", "timestamp": 0, "message": "" }); 1000]);
    many["logGroup"] = json!("g".repeat(100_000));
    assert!(why(event(&many)).await.ends_with("it unpacks to more than 16777216 bytes"));
}

#[tokio::test]
async fn what_is_no_batch_is_said() {
    let of = |data: &str| json!({ "awslogs": { "data": data } });
    for (event, said) in [
        (of("%"), "Invalid symbol"),
        (of(&STANDARD.encode("plain")), "corrupt deflate stream"),
        (of(&gzip(b"[]")), "the batch of log events cannot be read"),
        (json!({ "awslogs": {} }), "missing field `data`"),
    ] {
        let why = why(event).await;
        assert!(why.contains(said), "{why}");
    }
}
