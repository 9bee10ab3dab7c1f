use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Batch, Contents, DecodeError, FromRecord, Record, RecordError, S3Object, Source, Sqs, SqsMessage};
use crate::core::error::{BoxError, FunctionError};
use crate::core::invocation::Invocation;
use crate::core::raw::Incoming;
use crate::function::builder::Function;
use crate::function::handler::{Handler, handler};
use crate::function::service::IntoService;

#[cfg(feature = "testing")]
mod aggregated;
mod dynamodb;
mod event_bridge;
mod firehose;
mod kafka;
mod kinesis;
mod lenient;
#[cfg(feature = "cloudwatch-logs")]
mod logs;
#[cfg(feature = "testing")]
mod model;
mod mq;
mod order;
mod pipes;
mod s3_batch;
mod ses;
mod sns;
mod streams;
mod turns;
mod window;

#[derive(Deserialize)]
struct Order {
    id: u32,
}

fn message(id: u32, body: &str, group: Option<&str>) -> Value {
    let queue = if group.is_some() { "orders.fifo" } else { "orders" };
    json!({
        "messageId": format!("m{id}"),
        "body": body,
        "attributes": { "ApproximateReceiveCount": "2", "MessageGroupId": group },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:eu-central-1:123456789012:{queue}"),
    })
}

fn queue(messages: impl IntoIterator<Item = Value>) -> Value {
    json!({ "Records": messages.into_iter().collect::<Vec<_>>() })
}

fn orders(ids: impl IntoIterator<Item = u32>) -> Value {
    queue(ids.into_iter().map(|id| message(id, &format!(r#"{{"id": {id}}}"#), None)))
}

async fn call_with(function: impl IntoService, event: Value, left: Option<Duration>) -> Result<Value, FunctionError> {
    let mut context = lambda_runtime::Context::default();
    if let Some(left) = left {
        let at = (std::time::SystemTime::now() + left).duration_since(std::time::UNIX_EPOCH).unwrap();
        context.deadline = at.as_millis() as u64;
    }
    let incoming =
        Incoming { event: RawValue::from_string(event.to_string()).unwrap(), invocation: Invocation::new(context) };
    let response = function.into_service().unwrap().oneshot(incoming).await?;
    Ok(serde_json::from_str(response.as_json().unwrap().get()).unwrap())
}

async fn call<M, H: Handler<M>>(function: H, event: Value) -> Result<Value, FunctionError>
where
    Function<H::Kind, H::Layers>: IntoService,
{
    call_with(handler(function), event, None).await
}

/// A real event, of `tests/fixtures/events`.
fn fixture(path: &str) -> Value {
    let path = format!("{}/../tests/fixtures/events/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns what `read` reads of each record of an event; one that cannot be decoded is left out.
async fn seen<R, T>(event: Value, read: fn(R) -> T) -> Vec<T>
where
    R: FromRecord<Response = ()> + 'static,
    T: Send + 'static,
{
    let seen = Arc::new(Mutex::new(Vec::new()));
    let function = {
        let seen = Arc::clone(&seen);
        move |record: R| {
            seen.lock().unwrap().push(read(record));
            std::future::ready(Ok::<(), BoxError>(()))
        }
    };
    call_with(handler(function).concurrency(1), event, None).await.unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

/// Returns the last cause of an error.
fn root(error: &FunctionError) -> String {
    std::iter::successors(std::error::Error::source(error), |error| error.source()).last().unwrap().to_string()
}

fn at_ms(ms: u64) -> Option<std::time::SystemTime> {
    Some(std::time::UNIX_EPOCH + Duration::from_millis(ms))
}

fn failures(ids: &[&str]) -> Value {
    json!({ "batchItemFailures": ids.iter().map(|id| json!({ "itemIdentifier": id })).collect::<Vec<_>>() })
}

async fn refuse_odd(order: Sqs<Order>) -> Result<(), BoxError> {
    if order.id % 2 == 1 { Err("odd".into()) } else { Ok(()) }
}

#[tokio::test]
async fn a_record_that_fails_is_returned_alone() {
    assert_eq!(call(refuse_odd, orders(0..4)).await.unwrap(), failures(&["m1", "m3"]));
    assert_eq!(call(refuse_odd, orders([0])).await.unwrap(), failures(&[]));
    assert_eq!(call(refuse_odd, queue([])).await.unwrap(), failures(&[]));
}

#[tokio::test]
async fn a_record_that_cannot_be_decoded_or_panics_fails_alone() {
    async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
        assert!(order.id != 2, "two");
        Ok(())
    }
    let mut event = orders(0..4);
    event["Records"][1]["body"] = json!("no JSON");
    event["Records"][3]["body"] = Value::Null;
    assert_eq!(call(ship, event).await.unwrap(), failures(&["m1", "m2", "m3"]));
}

#[tokio::test]
async fn what_a_failure_carries_may_panic_when_it_is_dropped() {
    /// An error and what a panic carries.
    #[derive(Debug)]
    struct Bomb;
    impl std::fmt::Display for Bomb {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("disk full")
        }
    }
    impl std::error::Error for Bomb {}
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped");
        }
    }
    async fn ship(order: Sqs<Order>) -> Result<(), Bomb> {
        match order.id {
            2 => Err(Bomb),
            3 => std::panic::panic_any(Bomb),
            _ => Ok(()),
        }
    }
    assert_eq!(call(ship, orders(1..=4)).await.unwrap(), failures(&["m2", "m3"]));

    struct Opens;
    impl FromRecord for Opens {
        const SOURCES: &'static [Source] = &[Source::Sqs];
        type Response = ();

        fn contents(record: &Record) -> Result<Contents, DecodeError> {
            match record.index() {
                0 => Err(DecodeError::new("it", Bomb)),
                1 => std::panic::panic_any(Bomb),
                _ => Ok(Contents::Itself),
            }
        }

        fn from_record(_: &Record) -> Result<Self, DecodeError> {
            Ok(Self)
        }
    }
    async fn take(_: Opens) -> Result<(), BoxError> {
        Ok(())
    }
    assert_eq!(call(take, orders(1..=3)).await.unwrap(), failures(&["m1", "m2"]));
}

#[tokio::test]
async fn what_opens_a_record_may_panic_and_fails_alone() {
    #[derive(Debug)]
    struct Own;

    impl FromRecord for Own {
        const SOURCES: &'static [Source] = &[Source::Sqs];
        type Response = ();

        fn contents(record: &Record) -> Result<Contents, DecodeError> {
            match record.index() {
                1 => panic!("one"),
                2 => Err(DecodeError::new("the message", "it is the second")),
                _ => Ok(Contents::Itself),
            }
        }

        fn from_record(record: &Record) -> Result<Self, DecodeError> {
            assert!(record.index() != 3, "three");
            Ok(Self)
        }
    }

    async fn ship(_: Own) -> Result<(), BoxError> {
        Ok(())
    }
    assert_eq!(call(ship, orders(0..5)).await.unwrap(), failures(&["m1", "m2", "m3"]));
}

#[tokio::test]
async fn the_rest_of_a_group_is_returned_and_other_groups_go_on() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ship = {
        let seen = Arc::clone(&seen);
        move |order: Sqs<Order>| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::task::yield_now().await;
                seen.lock().unwrap().push(order.id);
                if order.id == 3 { Err(BoxError::from("three")) } else { Ok(()) }
            }
        }
    };
    let groups = [(1, "a"), (2, "b"), (3, "a"), (4, "b"), (5, "a"), (6, "b")];
    let event = queue(groups.map(|(id, group)| message(id, &format!(r#"{{"id": {id}}}"#), Some(group))));
    assert_eq!(call(ship, event).await.unwrap(), failures(&["m3", "m5"]));
    let seen = seen.lock().unwrap();
    let of = |group: &[u32]| seen.iter().copied().filter(|id| group.contains(id)).collect::<Vec<_>>();
    assert_eq!((of(&[1, 3, 5]), of(&[2, 4, 6])), (vec![1, 3], vec![2, 4, 6]));
}

#[tokio::test(start_paused = true)]
async fn near_the_deadline_exactly_the_unfinished_are_returned_in_time() {
    async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
        if order.id % 2 == 1 {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
    let start = tokio::time::Instant::now();
    let answer = call_with(handler(ship), orders(0..6), Some(Duration::from_secs(5))).await;
    assert_eq!(answer.unwrap(), failures(&["m1", "m3", "m5"]));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());

    // One at a time: the first that hangs holds the others.
    let answer = call_with(handler(ship).concurrency(1), orders(0..4), Some(Duration::from_secs(5))).await;
    assert_eq!(answer.unwrap(), failures(&["m1", "m2", "m3"]));
}

#[tokio::test]
async fn what_can_never_succeed_is_not_returned() {
    #[derive(Debug, thiserror::Error)]
    #[error("not shipped")]
    struct NotShipped(#[source] RecordError);

    async fn ship(order: Sqs<Order>) -> Result<(), NotShipped> {
        match order.id {
            1 => Err(NotShipped(RecordError::discard("never"))),
            2 => Err(NotShipped(RecordError::retry("later"))),
            _ => Ok(()),
        }
    }
    assert_eq!(call(ship, orders(0..3)).await.unwrap(), failures(&["m2"]));
}

#[tokio::test]
async fn if_every_record_fails_all_are_returned_or_the_invocation_fails() {
    assert_eq!(call(refuse_odd, orders([1, 3])).await.unwrap(), failures(&["m1", "m3"]));
    let function = || handler(refuse_odd).batch(Batch::new().fail_if_all_fail());
    let error = call_with(function(), orders([1, 3]), None).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("RecordsFailed", "2 of 2 records failed: m1: odd; m3: odd"));
    assert_eq!(call_with(function(), orders([1, 2]), None).await.unwrap(), failures(&["m1"]));
}

#[tokio::test]
async fn an_unknown_id_is_never_answered() {
    let mut event = orders([1, 2]);
    event["Records"][0]["messageId"] = json!("");
    assert_eq!(call(refuse_odd, event).await.unwrap_err().error_type(), "RecordWithoutId");
}

#[tokio::test]
async fn a_typed_error_is_discarded_and_keeps_its_error_type() {
    #[derive(Debug)]
    enum ShipError {
        NoLines,
        Warehouse,
    }

    impl std::fmt::Display for ShipError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{self:?}")
        }
    }

    impl std::error::Error for ShipError {}

    impl crate::ErrorType for ShipError {
        fn error_type(&self) -> &str {
            match self {
                Self::NoLines => "NoLines",
                Self::Warehouse => "WarehouseUnavailable",
            }
        }
    }

    impl From<ShipError> for RecordError {
        fn from(error: ShipError) -> Self {
            match error {
                ShipError::NoLines => Self::discard(error),
                ShipError::Warehouse => Self::retry(error),
            }
        }
    }

    fn check(order: &Order) -> Result<(), ShipError> {
        Err(if order.id == 1 { ShipError::NoLines } else { ShipError::Warehouse })
    }

    async fn ship(order: Sqs<Order>) -> Result<(), RecordError> {
        Ok(check(&order)?)
    }

    async fn index(object: S3Object) -> Result<(), RecordError> {
        Err(ShipError::Warehouse).inspect_err(|_| assert_eq!(object.key(), "1")).map_err(RecordError::from)
    }

    assert_eq!(call(ship, orders([1, 2])).await.unwrap(), failures(&["m2"]), "the first is discarded");
    let error = RecordError::from(ShipError::NoLines);
    assert!(error.is_discarded() && matches!(error.downcast_ref(), Some(ShipError::NoLines)));
    assert!(error.downcast_ref::<std::io::Error>().is_none());

    let object = json!({ "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": { "bucket": { "name": "b" }, "object": { "key": "1" } } });
    let event = json!({ "Records": [object] });
    assert_eq!(call(index, event.clone()).await.unwrap_err().error_type(), "ShipError", "the name of the type");
    let error = call_with(handler(index).error_type::<ShipError>(), event, None).await.unwrap_err();
    assert_eq!(error.error_type(), "WarehouseUnavailable", "the name that the error gives");
    for untyped in [RecordError::discard("odd"), RecordError::discard("odd".to_owned())] {
        assert_eq!(FunctionError::of(untyped).error_type(), "RecordError");
    }
}

#[test]
fn an_error_of_the_application_that_is_named_error_keeps_its_name_in_a_record_error() {
    mod own {
        macro_rules! errors {
            ($($name:ident)*) => {$(
                #[derive(Debug, thiserror::Error)]
                #[error("not shipped")]
                pub(super) struct $name;
            )*};
        }
        errors!(Error Report RecordError FunctionError String Box);
    }
    let type_of = |error: RecordError| FunctionError::of(error).error_type().to_owned();
    assert_eq!(type_of(RecordError::retry(own::Error)), "Error");
    assert_eq!(type_of(RecordError::retry(own::Report)), "Report");
    assert_eq!(type_of(RecordError::retry(own::RecordError)), "RecordError");
    assert_eq!(type_of(RecordError::retry(own::FunctionError)), "FunctionError");
    assert_eq!(type_of(RecordError::discard(own::String)), "String");
    assert_eq!(type_of(RecordError::discard(Box::new(own::Box))), "Box");
    let within = RecordError::discard(RecordError::retry(own::Error));
    assert_eq!((within.is_discarded(), type_of(within)), (true, "Error".to_owned()));
}

#[tokio::test]
async fn an_event_of_another_source_is_told_by_name() {
    let event = json!({ "Records": [{ "eventSource": "aws:kinesis", "kinesis": {} }] });
    let error = call(refuse_odd, event).await.unwrap_err();
    assert_eq!(
        (error.error_type(), error.message()),
        ("UnexpectedEvent", "unexpected event from Kinesis: this function handles SQS")
    );
    for event in [json!({}), json!([]), json!("text"), json!({ "Records": [{}] }), json!({ "Records": {} })] {
        assert_eq!(call(refuse_odd, event.clone()).await.unwrap_err().error_type(), "UnexpectedEvent", "{event}");
    }
}

#[tokio::test]
async fn layers_of_tower_apply_to_each_record() {
    async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
        if order.id == 1 {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
    tokio::time::pause();
    let layer = tower::ServiceBuilder::new()
        .layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
        .layer(tower::limit::ConcurrencyLimitLayer::new(1));
    let answer = call_with(handler(ship).layer(layer), orders(0..3), None).await.unwrap();
    assert_eq!(answer, failures(&["m1"]));
}

#[tokio::test]
async fn a_layer_is_an_async_function_and_tower_retries_a_record() {
    use super::{Next, RecordResponse};
    use crate::records::from_fn;
    use tower::retry::{Policy, RetryLayer};

    #[derive(Clone)]
    struct Twice(u32);

    impl<E> Policy<Record, RecordResponse, E> for Twice {
        type Future = std::future::Ready<()>;

        fn retry(&mut self, _: &mut Record, result: &mut Result<RecordResponse, E>) -> Option<Self::Future> {
            let again = result.is_err() && self.0 > 0;
            self.0 = self.0.saturating_sub(1);
            again.then(|| std::future::ready(()))
        }

        fn clone_request(&mut self, record: &Record) -> Option<Record> {
            Some(record.clone())
        }
    }

    let tries = Arc::new(Mutex::new(Vec::new()));
    let counted = {
        let tries = Arc::clone(&tries);
        move |record: Record, next: Next| {
            tries.lock().unwrap().push(record.id().to_string());
            next.run(record)
        }
    };
    let layer = tower::ServiceBuilder::new().layer(RetryLayer::new(Twice(2))).layer(from_fn(counted));
    let answer = call_with(handler(refuse_odd).layer(layer), orders(1..3), None).await.unwrap();
    assert_eq!(answer, failures(&["m1"]));
    let mut tries = tries.lock().unwrap().clone();
    tries.sort_unstable();
    assert_eq!(tries, ["m1", "m1", "m1", "m2"]);
}

#[tokio::test]
async fn a_message_tells_of_itself() {
    async fn look(message: SqsMessage, body: Sqs<String>) -> Result<(), BoxError> {
        assert_eq!((message.id(), message.receive_count(), &*body.body), ("m7".to_owned(), 2, "hello"));
        assert_eq!(message.queue_name().as_deref(), Some("orders.fifo"));
        assert_eq!(message.group_id().as_deref(), Some("g"));
        Ok(())
    }
    assert_eq!(call(look, queue([message(7, "hello", Some("g"))])).await.unwrap(), failures(&[]));
}

fn notification(key: &str) -> Value {
    json!({ "Records": [{
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": "photos" }, "object": { "key": key, "size": 7, "sequencer": "0A" } },
    }] })
}

fn sns(message: &str) -> String {
    json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:x", "MessageId": "s1", "Message": message }).to_string()
}

#[tokio::test]
async fn an_object_is_found_in_every_envelope() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = {
        let seen = Arc::clone(&seen);
        move |object: S3Object| {
            seen.lock().unwrap().push((object.bucket().to_owned(), object.key().to_owned(), object.is_created()));
            async { Ok::<_, BoxError>(()) }
        }
    };
    let encoded = notification("a+b%2Bc%C3%A9.jpg");
    let event_bridge = json!({
        "detail-type": "Object Created", "source": "aws.s3", "id": "e1",
        "detail": { "bucket": { "name": "photos" }, "object": { "key": "a b+cé.jpg", "size": 7 } },
    });
    let of_sns = json!({ "Records": [{
        "EventSource": "aws:sns", "Sns": { "MessageId": "s1", "Message": encoded.to_string() },
    }] });
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos" });
    for (event, answer) in [
        (encoded.clone(), Value::Null),
        (of_sns, Value::Null),
        (queue([message(1, &encoded.to_string(), None)]), failures(&[])),
        (queue([message(1, &sns(&encoded.to_string()), None)]), failures(&[])),
        (event_bridge.clone(), Value::Null),
        (queue([message(1, &event_bridge.to_string(), None)]), failures(&[])),
    ] {
        assert_eq!(call(look.clone(), event.clone()).await.unwrap(), answer, "{event}");
        let found = seen.lock().unwrap().pop();
        assert_eq!(found, Some(("photos".to_owned(), "a b+cé.jpg".to_owned(), true)), "{event}");
    }
    // `s3:TestEvent` is acknowledged; a message that is not a notification is returned.
    let event = queue([message(1, &test.to_string(), None), message(2, "{}", None)]);
    assert_eq!(call(look, event).await.unwrap(), failures(&["m2"]));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_message_with_no_object_fails_unless_it_is_the_test_of_s3() {
    async fn index(_: S3Object) -> Result<(), BoxError> {
        Ok(())
    }
    let bodies = [r#"{"Records":[]}"#, r#"{"Records":[],"Event":"s3:TestEvent"}"#, r#"{"Event":"s3:TestEvent"}"#, "{}"];
    let event = queue((1..).zip(bodies).map(|(id, body)| message(id, body, None)));
    assert_eq!(call(index, event).await.unwrap(), failures(&["m1", "m4"]));
}

#[tokio::test]
async fn where_no_partial_answer_is_known_the_error_names_each_record() {
    async fn refuse(_: S3Object) -> Result<(), std::io::Error> {
        Err(std::io::Error::other("full"))
    }
    let error = call(refuse, notification("a")).await.unwrap_err();
    assert_eq!((error.error_type(), error.message()), ("Error", "full"));
    let mut event = notification("a");
    let second = notification("b")["Records"][0].clone();
    event["Records"].as_array_mut().unwrap().push(second);
    let error = call(refuse, event).await.unwrap_err();
    assert_eq!(error.message(), "2 of 2 records failed: photos/a: full; photos/b: full");
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn failed_records_are_counted_where_the_metrics_ask_for_it() {
    use crate::observe::metrics::{BuiltIn, CapturedMetrics, MetricsLayer};

    let captured = CapturedMetrics::default();
    let metrics = MetricsLayer::new().namespace("shop").built_in(BuiltIn::RecordFailures).writer(captured.clone());
    call_with(handler(refuse_odd).outer(metrics), orders(0..5), None).await.unwrap();
    let blobs = captured.blobs();
    assert!(blobs.iter().any(|blob| blob.to_string().contains("RecordFailures")), "{blobs:?}");
}

/// A lifecycle rule deletes objects: S3 reports them without size and entity tag.
#[tokio::test]
async fn an_object_that_a_lifecycle_rule_deletes_is_removed() {
    let record = |name: &str, key: &str| {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventTime": "2021-03-12T20:43:44.287Z",
            "eventName": name,
            "s3": { "bucket": { "name": "photos" }, "object": { "key": key, "sequencer": "00604BD2A0D1", "versionId": "v1" } },
        })
    };
    let names =
        ["LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleExpiration:Delete"];
    let body = json!({ "Records": names.map(|name| record(name, "old.txt")) });
    let fields = |object: S3Object| {
        (
            object.key().to_owned(),
            object.size(),
            object.e_tag().map(str::to_owned),
            object.is_created(),
            object.is_removed(),
        )
    };
    let removed = ("old.txt".to_owned(), None, None, false, true);
    let all = seen(queue([message(0, &body.to_string(), None)]), fields).await;
    assert_eq!(all, [removed.clone(), removed.clone(), removed]);
    for name in ["LifecycleTransition", "ObjectRestore:Delete", "ObjectTagging:Delete", "ObjectCreated:Put"] {
        let event = json!({ "Records": [record(name, "a")] });
        assert_eq!(seen(event, |object: S3Object| object.is_removed()).await, [false], "{name}");
    }
}

#[tokio::test]
async fn the_later_of_two_events_has_the_greater_sequencer() {
    let object = async |sequencer: Value| {
        let mut event = notification("a");
        event["Records"][0]["s3"]["object"]["sequencer"] = sequencer;
        seen(event, |object: S3Object| object).await.remove(0)
    };
    for (own, other, expected) in [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E4", Some(true)),
        ("0055AED6DCD90281E4", "0055AED6DCD90281E5", Some(false)),
        // The shorter one is filled up at its end: as numbers these would be the other way round.
        ("00604BD2A0D2", "00604BD2A0D1FF", Some(true)),
        ("00604BD2A0D1FF", "00604BD2A0D2", Some(false)),
        ("1", "0FF", Some(true)),
        ("00604BD2A0D1", "00604BD2A0D100", Some(false)),
        ("00604BD2A0D100", "00604BD2A0D1", Some(false)),
        ("00604bd2a0d2", "00604BD2A0D1", Some(true)),
        ("00604BD2A0D1", "", None),
        ("00604BD2A0D1", "yesterday", None),
        ("", "0", None),
    ] {
        assert_eq!(object(json!(own)).await.is_later_than(other), expected, "{own} than {other}");
    }
    assert_eq!(object(Value::Null).await.is_later_than("0"), None);
}

/// Two bytes for each: what a sender of messages could make of a few hundred kilobytes.
#[tokio::test]
async fn a_notification_with_too_many_records_fails_alone() {
    async fn take(_: S3Object) -> Result<(), BoxError> {
        Ok(())
    }
    let many = format!(r#"{{"Records":[{}0]}}"#, "0,".repeat(200_000));
    let event = queue([message(1, &notification("a").to_string(), None), message(2, &many, None)]);
    assert_eq!(call(take, event).await.unwrap(), failures(&["m2"]));
}
