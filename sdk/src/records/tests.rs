use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Batch, Contents, DecodeError, FromRecord, Record, RecordError, S3Object, Source, Sqs, SqsMessage};
use crate::core::error::{BoxError, FunctionError};
use crate::core::invocation::Invocation;
use crate::core::raw::Incoming;
use crate::function::builder::Function;
use crate::function::handler::{Handler, handler};
use crate::function::into_service::IntoService;

#[cfg(feature = "testing")]
mod aggregated;
mod dynamodb;
mod event_bridge;
mod failures;
mod firehose;
mod kafka;
mod kinesis;
mod lenient;
#[cfg(feature = "cloudwatch-logs")]
mod logs;
#[cfg(feature = "testing")]
mod model;
mod mq;
mod objects;
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
    let invocation = Invocation::with_time_left(lambda_runtime::Context::default(), left);
    let incoming = Incoming { event: crate::RawEvent::parse(event.to_string()).unwrap(), invocation };
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
