//! Payments from a queue, in the ledger of those over HTTP. See README.md.

use payments::{Order, PaymentError, Payments};
use pilaster::records::RecordError;
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
    // The same for each message of the order. The id of a charge over HTTP has no `/`.
    let charge_id = format!("{customer}/{}", order.order_id);
    match payments.pay(&customer, order, charge_id).await {
        // There is nothing to do. Any other failure is retried, and ends in the dead-letter queue, where a person sees it.
        Err(error) if matches!(error.downcast_ref(), Some(PaymentError::NotPositive)) => {
            Err(RecordError::discard(error).into())
        }
        paid => paid.map(drop),
    }
}

#[cfg(test)]
mod tests;
