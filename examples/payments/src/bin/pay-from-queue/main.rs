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
    // The messages of an order are one attempt, and have one id. The id of a charge over HTTP has no `/`.
    let charge_id = format!("{customer}/{}", order.order_id);
    // A failure is retried, and ends in the dead-letter queue, where a person sees it.
    payments.pay(&customer, order, charge_id).await.map(drop)
}

#[cfg(test)]
mod tests;
