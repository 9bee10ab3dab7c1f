//! 10,000 messages of 1 kB in one batch, by a record function and by a hand-written loop on `aws_lambda_events`.
//!
//! The figures are of a whole batch; divide by 10,000.

use std::hint::black_box;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use bench_parts::runtime;
use divan::Bencher;
use lambda_runtime::Context;
use pilaster::{BoxError, Incoming, Invocation, RawEvent, Sqs, handler};
use serde::Deserialize;
use tower::{Service, ServiceExt};

const RECORDS: usize = 10_000;

#[derive(Deserialize)]
struct Order {
    id: u64,
    note: String,
}

/// One in a hundred fails.
fn event() -> String {
    let message = |id: usize| {
        let body = match id % 100 {
            99 => "not JSON".to_owned(),
            _ => serde_json::json!({ "id": id, "note": "x".repeat(700) }).to_string(),
        };
        serde_json::json!({
            "messageId": format!("059f36b4-87a3-44ab-83d2-{id:012}"),
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1545082649183",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1545082649185",
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
            "awsRegion": "us-east-2",
        })
    };
    serde_json::json!({ "Records": (0..RECORDS).map(message).collect::<Vec<_>>() }).to_string()
}

#[divan::bench]
fn by_the_record_door(bencher: Bencher<'_, '_>) {
    async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
        black_box((order.id, order.note.len()));
        Ok(())
    }
    let (event, runtime) = (event(), runtime());
    let mut function = handler(ship).into_service().expect("a service");
    bencher.with_inputs(|| event.clone()).bench_local_values(|event| {
        let event = RawEvent::unchecked(event);
        let incoming = Incoming { event, invocation: Invocation::new(Context::default()) };
        runtime.block_on(async { function.ready().await.expect("ready").call(incoming).await.expect("an answer") })
    });
}

#[divan::bench]
fn by_hand(bencher: Bencher<'_, '_>) {
    async fn ship(event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            match serde_json::from_str::<Order>(message.body.as_deref().unwrap_or_default()) {
                Ok(order) => drop(black_box((order.id, order.note.len()))),
                Err(_) => {
                    let mut failure = BatchItemFailure::default();
                    failure.item_identifier = message.message_id.unwrap_or_default();
                    response.batch_item_failures.push(failure);
                }
            }
        }
        response
    }
    let (event, runtime) = (event(), runtime());
    bencher.with_inputs(|| event.clone()).bench_local_values(|event| {
        let event = serde_json::from_str::<SqsEvent>(&event).expect("an event");
        serde_json::to_string(&runtime.block_on(ship(event))).expect("an answer")
    });
}
