//! The suite `sqs` (`tests/benches/suites/sqs.toml`) by a record function: ten messages, of which one may be bad; one log
//! line an invocation. See `tests/benches/README.md` for the command.

use std::hint::black_box;

use pilaster::{BoxError, Outgoing, Sqs, StartError};
use serde::Deserialize;
use tower::util::MapResponseLayer;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
    amount: f64,
}

async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
    black_box(order.amount + order.order_id.len() as f64);
    Ok(())
}

fn main() -> Result<(), StartError> {
    // A message that failed is a line already.
    let line = MapResponseLayer::new(|response: Outgoing| {
        if response.as_json().is_some_and(|json| json.get() == r#"{"batchItemFailures":[]}"#) {
            tracing::info!(status = 200, "batch");
        }
        response
    });
    pilaster::run(pilaster::handler(ship).outer(line))
}
