//! Records of a shard or a partition behind a failure, and the attribute that orders them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::records::{Change, Kafka, Kinesis};

type Seen = Arc<Mutex<Vec<String>>>;

/// A function that fails for the payloads that begin with `bad`, after it let others run, and the payloads that it got.
fn noting<R>(
    payload: fn(&R) -> String,
) -> (impl Fn(R) -> futures_util::future::BoxFuture<'static, Result<(), BoxError>> + Clone, Seen)
where
    R: Send + 'static,
{
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let function = move |record: R| -> futures_util::future::BoxFuture<'static, Result<(), BoxError>> {
        let seen = Arc::clone(&noted);
        Box::pin(async move {
            let payload = payload(&record);
            seen.lock().unwrap().push(payload.clone());
            tokio::task::yield_now().await;
            if payload.starts_with("bad") { Err("bad".into()) } else { Ok(()) }
        })
    };
    (function, seen)
}

fn shard(records: &[(u32, &str, &str)]) -> Value {
    let records = records.iter().map(|(number, key, data)| {
        json!({
            "eventSource": "aws:kinesis",
            "eventID": format!("shardId-000000000000:{number}"),
            "kinesis": { "sequenceNumber": number.to_string(), "partitionKey": key, "data": STANDARD.encode(data) },
        })
    });
    queue(records)
}

const CLICKS: [(u32, &str, &str); 6] =
    [(1, "a", "a1"), (2, "b", "bad b"), (3, "a", "a2"), (4, "b", "b2"), (5, "c", "c1"), (6, "a", "a3")];

#[tokio::test]
async fn behind_a_failure_of_a_shard_nothing_is_begun() {
    let (count, seen) = noting(|click: &Kinesis<String>| click.data.clone());
    let answer = call_with(handler(count).concurrency(1), shard(&CLICKS), None).await.unwrap();
    assert_eq!(answer, failures(&["2", "3", "4", "5", "6"]));
    assert_eq!(*seen.lock().unwrap(), ["a1", "bad b"]);
}

#[tokio::test]
async fn with_the_option_only_the_failed_key_of_a_shard_is_held() {
    for concurrency in [1, 10] {
        let (count, seen) = noting(|click: &Kinesis<String>| click.data.clone());
        let batch = Batch::new().concurrency(concurrency).continue_on_failure();
        let answer = call_with(handler(count).batch(batch), shard(&CLICKS), None).await.unwrap();
        // One checkpoint: all from the failure on come again.
        assert_eq!(answer, failures(&["2", "3", "4", "5", "6"]));
        let mut seen = seen.lock().unwrap().clone();
        seen.sort_unstable();
        assert_eq!(seen, ["a1", "a2", "a3", "bad b", "c1"], "{concurrency}");
    }
}

#[tokio::test]
async fn of_a_partition_the_other_keys_go_on_with_the_option() {
    let record = |offset: u64, key: Option<&str>, value: &str| {
        let key = key.map(|key| STANDARD.encode(key));
        json!({ "topic": "t", "partition": 0, "offset": offset, "key": key, "value": STANDARD.encode(value) })
    };
    let event = json!({
        "eventSource": "aws:kafka", "bootstrapServers": "b:9092",
        "records": { "t-0": [
            record(1, Some("a"), "a1"), record(2, Some("b"), "bad b"), record(3, None, "bad none"), record(4, Some("b"), "b2"),
            record(5, Some("a"), "a2"), record(6, None, "none"),
        ], "t-1": [record(1, Some("b"), "b of another partition")] },
    });
    let returned = |offsets: std::ops::RangeInclusive<u64>| {
        let failure = |offset| json!({ "itemIdentifier": { "partition": "t-0", "offset": offset } });
        json!({ "batchItemFailures": offsets.map(failure).collect::<Vec<_>>() })
    };
    let value = |record: &Kafka<String, String>| record.value.clone().unwrap();

    let (project, seen) = noting(value);
    let function = handler(project).batch(Batch::new().concurrency(1));
    assert_eq!(call_with(function, event.clone(), None).await.unwrap(), returned(2..=6));
    assert_eq!(*seen.lock().unwrap(), ["a1", "bad b", "b of another partition"]);

    let (project, seen) = noting(value);
    let function = handler(project).batch(Batch::new().concurrency(1).continue_on_failure());
    assert_eq!(call_with(function, event, None).await.unwrap(), returned(2..=6));
    assert_eq!(*seen.lock().unwrap(), ["a1", "bad b", "bad none", "a2", "b of another partition"]);
}

#[tokio::test]
async fn with_the_option_a_group_of_a_fifo_queue_is_still_held() {
    let groups = [(1, "a"), (2, "b"), (3, "a"), (4, "b")];
    let event = queue(groups.map(|(id, group)| message(id, &format!(r#"{{"id": {id}}}"#), Some(group))));
    let function = handler(refuse_odd).batch(Batch::new().continue_on_failure());
    assert_eq!(call_with(function, event, None).await.unwrap(), failures(&["m1", "m3"]));
}

/// A table's change in a stream of Kinesis: of an account, with a number.
fn change(account: &str, number: u32, name: &str) -> String {
    json!({
        "eventID": "e", "eventName": "INSERT", "tableName": "events", "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": { "account": { "S": account }, "number": { "N": number.to_string() } },
            "NewImage": { "name": { "S": name } },
        },
    })
    .to_string()
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[tokio::test]
async fn changes_in_a_stream_of_kinesis_are_ordered_by_an_attribute_of_their_key() {
    let texts = [change("a", 1, "bad a1"), change("b", 1, "b1"), change("a", 2, "a2"), change("b", 2, "b2")];
    let records =
        texts.iter().zip(1..).map(|(text, number)| (number, ["k1", "k2", "k3", "k4"][number as usize - 1], &**text));
    let event = shard(&records.collect::<Vec<_>>());
    let name = |change: &Change<Named>| change.new_image().unwrap().name.clone();
    let (project, seen) = noting(name);
    let batch = Batch::new().ordered_by("account").continue_on_failure();
    let answer = call_with(handler(project).batch(batch), event, None).await.unwrap();
    assert_eq!(answer, failures(&["1", "2", "3", "4"]));
    assert_eq!(*seen.lock().unwrap(), ["bad a1", "b1", "b2"], "a2 waits for a1");
}

#[test]
#[should_panic(expected = "does not take `Change<T>`")]
fn an_attribute_of_a_key_orders_no_clicks() {
    let count = async |_: Kinesis<String>| Ok::<_, BoxError>(());
    let _ = handler(count).batch(Batch::new().ordered_by("account")).into_service().unwrap();
}

#[cfg(all(feature = "testing", feature = "logging"))]
#[tokio::test]
async fn the_first_failure_of_a_process_names_the_setting_that_it_needs() {
    use crate::observe::logging::CapturedLogs;
    use crate::testing::Caller;

    let lines = |captured: &CapturedLogs| {
        let lines = captured.lines();
        lines.iter().filter(|line| line.to_string().contains("ReportBatchItemFailures")).count()
    };
    let captured = CapturedLogs::default();
    let caller = Caller::new(handler(refuse_odd)).with_logs(&captured);
    caller.call(orders([2])).await.unwrap();
    assert_eq!(lines(&captured), 0);
    caller.call(orders([1, 2])).await.unwrap();
    caller.call(orders([1, 3])).await.unwrap();
    assert_eq!(lines(&captured), 1);
}

#[cfg(all(feature = "testing", feature = "logging"))]
#[tokio::test]
async fn what_was_held_back_is_named_in_the_log() {
    use crate::observe::logging::CapturedLogs;
    use crate::testing::Caller;

    let captured = CapturedLogs::default();
    let (count, _) = noting(|click: &Kinesis<String>| click.data.clone());
    Caller::new(handler(count).concurrency(1)).with_logs(&captured).call(shard(&CLICKS)).await.unwrap();
    let lines = captured.lines();
    let line =
        lines.iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains("unprocessed"))).unwrap();
    assert_eq!((&line["not_started"], &line["record_ids"]), (&json!(4), &json!("3, 4, 5, 6")));
}

#[tokio::test]
async fn a_payload_of_nothing_is_not_read() {
    let clicks = json!({ "Records": [
        { "eventSource": "aws:kinesis", "kinesis": { "sequenceNumber": "1", "partitionKey": "a", "data": "%" } },
    ] });
    let count = async |_: Kinesis<()>| Ok::<_, BoxError>(());
    assert_eq!(call(count, clicks).await.unwrap(), failures(&[]));
    let mut messages = orders([1, 2]);
    messages["Records"][0]["body"] = Value::Null;
    let ship = async |_: Sqs<()>| Ok::<_, BoxError>(());
    assert_eq!(call(ship, messages).await.unwrap(), failures(&[]));
    let prices = json!({ "eventSource": "aws:kafka", "records": {
        "t-0": [{ "topic": "t", "partition": 0, "offset": 1, "key": "%", "value": "YQ==" }],
    } });
    let project = async |price: Kafka<(), String>| {
        assert_eq!((price.key, price.value.as_deref()), (Some(()), Some("a")));
        Ok::<_, BoxError>(())
    };
    assert_eq!(call(project, prices).await.unwrap(), failures(&[]));
}

#[tokio::test]
async fn a_queue_has_its_url() {
    for (arn, url) in [
        ("arn:aws:sqs:eu-central-1:123456789012:orders", "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"),
        ("arn:aws:sqs:us-east-1:1:orders.fifo", "https://sqs.us-east-1.amazonaws.com/1/orders.fifo"),
        ("arn:aws-cn:sqs:cn-north-1:1:q", "https://sqs.cn-north-1.amazonaws.com.cn/1/q"),
        ("arn:aws-us-gov:sqs:us-gov-west-1:1:q", "https://sqs.us-gov-west-1.amazonaws.com/1/q"),
        ("arn:aws:sns:us-east-1:1:q", ""),
        ("arn:mars:sqs:mars-east-1:1:q", ""),
        ("arn:aws:sqs:us-east-1:1:", ""),
        ("orders", ""),
    ] {
        let mut event = orders([1]);
        event["Records"][0]["eventSourceARN"] = json!(arn);
        let urls = seen(event, |order: Sqs<String>| order.message.queue_url()).await;
        assert_eq!(urls, [Some(url.to_owned()).filter(|url| !url.is_empty())], "{arn}");
    }
}
