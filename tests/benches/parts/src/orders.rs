//! Ten messages of a queue, one bad: a partial batch response.

use std::hint::black_box;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use pilaster::{BoxError, RawService, Sqs, handler};
use serde::Deserialize;

/// The batch.
pub const EVENT: &str = include_str!("../events/orders.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
    amount: f64,
}

/// Returns the record function.
pub fn by_pilaster() -> impl RawService {
    async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
        black_box(order.amount + order.order_id.len() as f64);
        Ok(())
    }
    handler(ship).into_service().expect("a service")
}

/// By a loop, with a line for the message that is bad.
///
/// # Panics
///
/// If the event is none of a queue.
pub fn by_hand(event: &str) -> String {
    let event = serde_json::from_str::<SqsEvent>(event).expect("an event");
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        match serde_json::from_str::<Order>(message.body.as_deref().unwrap_or_default()) {
            Ok(order) => drop(black_box(order.amount + order.order_id.len() as f64)),
            Err(error) => {
                println!("{}", serde_json::json!({ "level": "ERROR", "message": error.to_string() }));
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = message.message_id.unwrap_or_default();
                response.batch_item_failures.push(failure);
            }
        }
    }
    serde_json::to_string(&response).expect("JSON")
}
