mod runs;

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::testing::kafka::kafka;
use crate::testing::sqs::{self, message};
use crate::testing::{insert, kinesis, sns};

/// Returns a response that names these.
fn failed(identifiers: impl IntoIterator<Item = Value>) -> Result<Value, FunctionError> {
    let failures: Vec<_> = identifiers.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
    Ok(json!({ "batchItemFailures": failures }))
}

fn error() -> Result<Value, FunctionError> {
    Err(FunctionError::new("Broken", "it broke"))
}

fn messages(ids: &[&str]) -> sqs::SqsEvent {
    sqs::sqs(ids.iter().map(|id| message(id).id(*id)))
}

fn records(event: &Value) -> Vec<Value> {
    event["Records"].as_array().cloned().unwrap_or_default()
}

/// Names each message whose body begins with `bad`; in a group also all that follow, if it keeps order.
fn judge_bodies(event: &Value, keeps_order: bool) -> Result<Value, FunctionError> {
    let mut stopped = Vec::new();
    let mut ids = Vec::new();
    for record in records(event) {
        let group = record["attributes"]["MessageGroupId"].clone();
        if record["body"].as_str().is_some_and(|body| body.starts_with("bad"))
            || (keeps_order && stopped.contains(&group))
        {
            ids.push(record["messageId"].clone());
            stopped.push(group);
        }
    }
    failed(ids)
}

/// Names the first record of Kinesis whose data is `bad`.
async fn first_bad(event: Value) -> Result<Value, FunctionError> {
    let bad = |record: &Value| record["kinesis"]["data"] == "YmFk";
    failed(records(&event).into_iter().find(bad).map(|record| record["kinesis"]["sequenceNumber"].clone()))
}

/// Fails as a whole if there is a record of Kinesis whose data is `bad`.
async fn all_or_nothing(event: Value) -> Result<Value, FunctionError> {
    match records(&event).iter().any(|record| record["kinesis"]["data"] == "YmFk") {
        true => error(),
        false => Ok(Value::Null),
    }
}

fn shard(data: &[&str]) -> Value {
    kinesis(data.iter().zip(1..).map(|(data, at)| kinesis::record(data).sequence_number(at.to_string()))).event()
}

fn two_groups() -> Queue {
    let of = |id: &str, group: &str| message(id).id(id).group(group);
    let queue = sqs::sqs([of("r1", "red"), of("bad-r2", "red"), of("b1", "blue"), of("r3", "red"), of("b2", "blue")]);
    Mapping::sqs(queue).max_receive_count(2)
}

#[test]
fn an_empty_answer_or_list_is_success() {
    for answer in [
        Value::Null,
        json!({}),
        json!([]),
        json!(""),
        json!({ "batchItemFailures": [] }),
        json!({ "batchItemFailures": null }),
    ] {
        for event in [messages(&["a", "b"]).event(), shard(&["x", "y"]), kafka("t", 0, [1]).event()] {
            let verdict = Verdict::of(&event, &Ok(answer.clone()));
            assert_eq!(verdict.rule(), Rule::NothingFailed, "{answer}");
            assert!(verdict.retried().is_empty() && !verdict.done().is_empty());
        }
    }
}

#[test]
fn only_the_named_messages_of_a_queue_are_retried() {
    let verdict = Verdict::of(&messages(&["a", "b", "c"]).event(), &failed([json!("b")]));
    assert_eq!((verdict.rule(), verdict.done(), verdict.retried()), (Rule::Reported, vec!["a", "c"], vec!["b"]));
    assert_eq!(verdict.page(), "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html");
}

#[test]
fn a_wrong_answer_has_the_whole_batch_retried() {
    let entry = |entry: Value| Ok(json!({ "batchItemFailures": [entry] }));
    for (answer, rule) in [
        (error(), Rule::FunctionFailed),
        (failed([json!("z")]), Rule::UnknownIdentifier),
        (failed([json!("a"), json!("z")]), Rule::UnknownIdentifier),
        (failed([json!(123)]), Rule::UnknownIdentifier),
        (failed([json!("")]), Rule::EmptyIdentifier),
        (failed([Value::Null]), Rule::NullIdentifier),
        (failed([json!("a"), json!("a")]), Rule::DuplicateIdentifier),
        (entry(json!({ "itemidentifier": "a" })), Rule::BadKey),
        (entry(json!({ "foo": null })), Rule::BadKey),
        (entry(json!("a")), Rule::BadKey),
        (Ok(json!("done")), Rule::InvalidResponse),
        (Ok(json!(7)), Rule::InvalidResponse),
        (Ok(json!(["a"])), Rule::InvalidResponse),
        (Ok(json!({ "batchItemFailures": "a" })), Rule::InvalidResponse),
        (Ok(json!({ "batchItemFailures": {} })), Rule::InvalidResponse),
    ] {
        let verdict = Verdict::of(&messages(&["a", "b"]).event(), &answer);
        assert_eq!((verdict.rule(), verdict.retried()), (rule, vec!["a", "b"]), "{answer:?}");
        let in_shard =
            kinesis(["1", "2"].map(|n| kinesis::record(n).sequence_number(if n == "1" { "a" } else { "b" })));
        let verdict = Verdict::of(&in_shard.event(), &answer);
        match rule {
            // The lowest counts, and it is the first.
            Rule::DuplicateIdentifier => assert_eq!(verdict.rule(), Rule::Reported),
            rule => assert_eq!(verdict.rule(), rule),
        }
        assert_eq!(verdict.retried(), ["a", "b"], "{answer:?}");
    }
}

#[test]
fn a_list_under_another_name_is_lost() {
    let verdict =
        Verdict::of(&messages(&["a"]).event(), &Ok(json!({ "BatchItemFailures": [{ "itemIdentifier": "a" }] })));
    assert_eq!((verdict.rule(), verdict.done()), (Rule::ListMissing, vec!["a"]));
}

#[test]
fn without_reporting_an_answer_is_ignored_and_an_error_is_not() {
    let event = messages(&["a"]).event();
    let verdict = Verdict::without_reporting(&event, &failed([json!("a")]));
    assert_eq!((verdict.rule(), verdict.done()), (Rule::NotReporting, vec!["a"]));
    assert_eq!(Verdict::without_reporting(&event, &Ok(json!("ok"))).done(), ["a"]);
    assert_eq!(Verdict::without_reporting(&event, &error()).retried(), ["a"]);
}

#[test]
fn the_lowest_sequence_number_is_the_checkpoint() {
    // As numbers: 9 is below 10, whatever their digits.
    let numbers = ["8", "9", "10", "000011", "49590338271490256608559692538361571095921575989136588898"];
    let event = kinesis(numbers.map(|number| kinesis::record("x").sequence_number(number))).event();
    let verdict = Verdict::of(&event, &failed([json!("000011"), json!("9"), json!("10")]));
    assert_eq!((verdict.done(), verdict.retried()), (numbers[..1].to_vec(), numbers[1..].to_vec()));
    assert!(verdict.page().contains("kinesis"));

    let event = insert(json!({ "id": 1 })).and(insert(json!({ "id": 2 }))).event();
    let ids: Vec<_> = records(&event).iter().map(|record| record["dynamodb"]["SequenceNumber"].clone()).collect();
    let verdict = Verdict::of(&event, &failed([ids[1].clone()]));
    assert_eq!((verdict.done(), verdict.retried()), (vec![ids[0].as_str().unwrap()], vec![ids[1].as_str().unwrap()]));
    assert!(verdict.page().contains("ddb"));
}

#[test]
fn each_partition_of_kafka_has_its_checkpoint() {
    let event = kafka("t", 0, [1, 2, 3]).offset(8).and(kafka("t", 1, [1, 2])).event();
    let verdict = Verdict::of(&event, &failed([json!({ "partition": "t-0", "offset": 9 })]));
    assert_eq!((verdict.done(), verdict.retried()), (vec!["t-0@8", "t-1@0", "t-1@1"], vec!["t-0@9", "t-0@10"]));
    for (wrong, rule) in [
        (json!("t-0@9"), Rule::BadKey),
        (json!({ "partition": "t-0" }), Rule::BadKey),
        (json!({ "partition": "t-0", "offset": "9" }), Rule::UnknownIdentifier),
        (json!({ "partition": "t-7", "offset": 9 }), Rule::UnknownIdentifier),
    ] {
        let verdict = Verdict::of(&event, &failed([wrong]));
        assert_eq!((verdict.rule(), verdict.done().len()), (rule, 0));
    }
}

#[test]
fn a_source_without_partial_answers_knows_only_errors() {
    let event = sns(["a"]).event();
    assert_eq!(Verdict::of(&event, &failed([json!("a")])).rule(), Rule::NoPartialResponse);
    assert_eq!(Verdict::of(&event, &error()).retried(), ["0"]);
}

#[test]
#[should_panic(expected = "must be an SQS event")]
fn a_queue_of_something_else_is_rejected() {
    let _ = Mapping::sqs(sns(["a"]));
}

/// Whole record functions, as users write them.
#[cfg(feature = "records")]
mod whole {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::testing::{s3_put, s3_test_event};
    use crate::{BoxError, S3Object, Sqs};

    /// Fails for what begins with `bad`, and keeps what it was called with.
    fn ship(
        seen: &Arc<Mutex<Vec<String>>>,
    ) -> impl Fn(Sqs<String>) -> std::future::Ready<Result<(), BoxError>> + Clone + use<> {
        let seen = Arc::clone(seen);
        move |order: Sqs<String>| {
            seen.lock().unwrap().push(order.body.clone());
            std::future::ready(if order.starts_with("bad") { Err("it is bad".into()) } else { Ok(()) })
        }
    }

    #[tokio::test]
    async fn of_a_queue_the_poison_alone_comes_again() {
        let seen = Arc::default();
        let caller = Caller::new(crate::handler(ship(&seen)));
        let report = Mapping::sqs(messages(&["a", "bad", "b"])).max_receive_count(2).run(&caller).await;
        assert_eq!((report.completed(), report.dead_lettered()), (vec!["a", "b"], vec!["bad"]));
        let mut seen = seen.lock().unwrap().clone();
        seen.sort_unstable();
        assert_eq!(seen, ["a", "b", "bad", "bad"]);
    }

    #[tokio::test]
    async fn of_a_fifo_queue_nothing_overtakes() {
        let seen = Arc::default();
        let caller = Caller::new(crate::handler(ship(&seen)));
        let report = two_groups().run(&caller).await;
        assert_eq!((report.overtook(), report.order("blue")), (vec![], vec!["b1", "b2"]));
        assert_eq!((report.order("red"), report.dead_lettered()), (vec!["r1"], vec!["bad-r2", "r3"]));
        assert!(!seen.lock().unwrap().contains(&"r3".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_comes_again_before_the_deadline_and_the_rest_is_done() {
        let slow = async |order: Sqs<String>| {
            let seconds = if order.starts_with("slow") { 3600 } else { 1 };
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok::<_, BoxError>(())
        };
        let caller = Caller::new(crate::handler(slow)).with_time_left(Duration::from_secs(10));
        let start = tokio::time::Instant::now();
        let report = Mapping::sqs(messages(&["a", "slow", "b"])).max_receive_count(1).run(&caller).await;
        assert_eq!((report.completed(), report.dead_lettered()), (vec!["a", "b"], vec!["slow"]));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn an_object_is_found_in_every_envelope_with_its_own_key() {
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let index = {
            let seen = Arc::clone(&seen);
            move |object: S3Object| {
                seen.lock().unwrap().push(format!("{}/{}", object.bucket(), object.key()));
                std::future::ready(Ok::<_, BoxError>(()))
            }
        };
        let caller = Caller::new(crate::handler(index));
        let (put, bridge) = (s3_put("photos", "a b+ä.jpg"), s3_put("photos", "a b+ä.jpg").through_event_bridge());
        let events: [Value; 7] = [
            put.event(),
            put.through_sns().event(),
            put.through_sqs().event(),
            put.through_sns().through_sqs().event(),
            put.through_sns().through_sqs_raw().event(),
            bridge.event(),
            bridge.through_sqs().event(),
        ];
        for event in events {
            caller.call(event.clone()).await.unwrap_or_else(|error| panic!("{error:?}: {event:#}"));
            assert_eq!(seen.lock().unwrap().pop().as_deref(), Some("photos/a b+ä.jpg"), "{event:#}");
        }
        caller.call(s3_test_event("photos").through_sqs()).await.unwrap();
        assert!(seen.lock().unwrap().is_empty());
    }
}
