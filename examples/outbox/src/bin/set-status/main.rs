//! Sets the status of an order: `cargo run -p outbox --bin set-status -- examples/outbox/events/order.json`

#[cfg(test)]
mod tests;

use outbox::{Event as OrderEvent, OrderError, Orders, Status};
use pilaster::{Client, Event, lambda_handler};
use serde::Deserialize;

#[derive(Deserialize)]
struct Request {
    order: String,
    status: Status,
}

#[lambda_handler(warm(Client<Orders>))]
async fn set_status(
    Client(orders): Client<Orders>,
    Event(request): Event<Request>,
) -> Result<Option<OrderEvent>, OrderError> {
    orders.set_status(&request.order, request.status).await
}
