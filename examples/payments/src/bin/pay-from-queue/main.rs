//! Payments from a queue, in the ledger of those over HTTP. See README.md.

use payments::{Order, Payments};
use pilaster::{BoxError, Client, Sqs, lambda_handler};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    customer: String,
    order: Order,
}

#[lambda_handler(warm(Client<Payments>))]
async fn pay(Client(payments): Client<Payments>, message: Sqs<Message>) -> Result<(), BoxError> {
    let Message { customer, order } = message.body;
    // The messages of an order are one attempt, and have one id. An id over HTTP has no `/`.
    let attempt = format!("{customer}/{}", order.order_id);
    payments.pay(&customer, order, &attempt).await.map(drop)
}

#[cfg(test)]
mod tests;
