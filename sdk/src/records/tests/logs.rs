use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{at_ms, call, call_with, failures, fixture, handler, seen};
use crate::core::error::BoxError;
use crate::records::{LogRecord, RecordError};

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
    assert!(error.to_string().contains("the log event could not be decoded"), "{error}");
}

#[tokio::test]
async fn a_zip_bomb_is_an_error_and_stays_small() {
    let bomb = json!({ "awslogs": { "data": gzip(&vec![b' '; 64 * 1024 * 1024]) } });
    assert!(why(bomb).await.ends_with("it decompresses to more than 16777216 bytes"));

    // Small when unpacked, but each of many events would have its own copy of a long name.
    let mut many = batch(vec![json!({ "id": "", "timestamp": 0, "message": "" }); 1000]);
    many["logGroup"] = json!("g".repeat(100_000));
    assert!(why(event(&many)).await.ends_with("it decompresses to more than 16777216 bytes"));
}

#[tokio::test]
async fn what_is_no_batch_is_said() {
    let of = |data: &str| json!({ "awslogs": { "data": data } });
    for (event, said) in [
        (of("%"), "Invalid symbol"),
        (of(&STANDARD.encode("plain")), "corrupt deflate stream"),
        (of(&gzip(b"[]")), "the batch of log events could not be decoded"),
        (json!({ "awslogs": {} }), "missing field `data`"),
    ] {
        let why = why(event).await;
        assert!(why.contains(said), "{why}");
    }
}

/// A record of a stream of Kinesis with a batch.
fn streamed(number: u32, key: &str, batch: &Value) -> Value {
    json!({
        "kinesis": {
            "sequenceNumber": number.to_string(), "partitionKey": key, "data": gzip(batch.to_string().as_bytes()),
        },
        "eventSource": "aws:kinesis",
    })
}

fn lines(messages: &[&str]) -> Value {
    batch(messages.iter().map(|message| json!({ "id": message, "timestamp": 7, "message": message })).collect())
}

#[tokio::test]
async fn batches_of_a_stream_run_in_order_and_are_returned_from_the_first_failure_on() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let take = {
        let seen = Arc::clone(&seen);
        move |log: LogRecord| {
            seen.lock().unwrap().push(log.message().to_owned());
            std::future::ready(match log.message() {
                "bad" => Err(BoxError::from("bad")),
                "panic" => panic!("panic"),
                "never" => Err(RecordError::discard("never").into()),
                _ => Ok(()),
            })
        }
    };
    let run = async |records: Vec<Value>| {
        let answer = call(take.clone(), json!({ "Records": records })).await.unwrap();
        (answer, std::mem::take(&mut *seen.lock().unwrap()))
    };
    let control = json!({ "messageType": "CONTROL_MESSAGE", "logEvents": [] });
    let (answer, seen) = run(vec![
        streamed(1, "a", &lines(&["1", "never", "2"])),
        streamed(2, "a", &control),
        streamed(3, "a", &lines(&["3", "bad", "4"])),
        streamed(4, "a", &lines(&["5"])),
    ])
    .await;
    assert_eq!((answer, seen.join(" ").as_str()), (failures(&["3", "4"]), "1 never 2 3 bad"));
    // What cannot be unpacked, or panics, fails as a record.
    let mut broken = streamed(2, "a", &control);
    broken["kinesis"]["data"] = json!(STANDARD.encode("plain"));
    let (answer, seen) = run(vec![streamed(1, "a", &lines(&["1"])), broken, streamed(3, "a", &lines(&["2"]))]).await;
    assert_eq!((answer, seen.join(" ").as_str()), (failures(&["2", "3"]), "1"));
    let (answer, _) = run(vec![streamed(1, "a", &lines(&["1", "panic"])), streamed(2, "b", &lines(&["2"]))]).await;
    assert_eq!(answer, failures(&["1", "2"]));
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_a_stream_stops_at_the_deadline() {
    async fn slow(log: LogRecord) -> Result<(), BoxError> {
        if log.message() == "slow" {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok(())
    }
    let start = tokio::time::Instant::now();
    let records = [
        streamed(1, "a", &lines(&["1"])),
        streamed(2, "a", &lines(&["2", "slow", "3"])),
        streamed(3, "a", &lines(&["4"])),
    ];
    let answer = call_with(handler(slow), json!({ "Records": records }), Some(Duration::from_secs(5))).await.unwrap();
    assert_eq!(answer, failures(&["2", "3"]));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Batches of different keys run side by side as long as they are small together.
#[tokio::test]
async fn large_batches_of_a_stream_are_held_one_after_the_other() {
    // Of 18 MB each with what every line has of its batch.
    for (length, side_by_side) in [(10, true), (500_000, false)] {
        let running = Arc::new(Mutex::new((BTreeSet::new(), 0)));
        let take = {
            let running = Arc::clone(&running);
            move |log: LogRecord| {
                let running = Arc::clone(&running);
                async move {
                    let key = log.log_stream().to_owned();
                    {
                        let mut running = running.lock().unwrap();
                        running.0.insert(key.clone());
                        running.1 = running.0.len().max(running.1);
                    }
                    tokio::task::yield_now().await;
                    if log.id() == "last" {
                        running.lock().unwrap().0.remove(&key);
                    }
                    Ok::<_, BoxError>(())
                }
            }
        };
        let records = ["a", "b", "c"].map(|key| {
            let message = "x".repeat(length);
            let line =
                |at: u32| json!({ "id": if at == 29 { "last" } else { "" }, "timestamp": 7, "message": message });
            let mut batch = batch((0..30).map(line).collect());
            batch["logStream"] = json!(key);
            batch["logGroup"] = json!("g".repeat(length / 5));
            streamed(1, key, &batch)
        });
        assert_eq!(call(take, json!({ "Records": records })).await.unwrap(), failures(&[]));
        let (left, most) = &*running.lock().unwrap();
        assert_eq!((left.len(), *most > 1), (0, side_by_side), "{length}");
    }
}
