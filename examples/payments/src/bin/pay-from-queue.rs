//! Payments from a queue, charged once per order, even if messages are repeated or duplicated.
//! `cargo run -p payments --bin pay-from-queue -- examples/payments/events/queue.json`

use payments::idempotency::idempotency;
use payments::ledger::Ledger;
use payments::payments::{InvalidAmount, NewPayment};
use pilaster::idempotency::IdempotencyLayer;
use pilaster::records::RecordError;
use pilaster::{BoxError, Client, Sqs, lambda_handler};

#[lambda_handler(layer = IdempotencyLayer::new(idempotency().key("powertools_json(body).order_id")), warm(Client<Ledger>))]
async fn pay(Client(ledger): Client<Ledger>, new: Sqs<NewPayment>) -> Result<(), BoxError> {
    match ledger.charge(new.body).await {
        Ok(payment) => {
            tracing::info!(id = %payment.id, order = payment.order_id, "charged");
            Ok(())
        }
        // Permanent: drop it instead of retrying.
        Err(error) if error.is::<InvalidAmount>() => Err(RecordError::discard(error).into()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use pilaster::testing::Caller;
    use pilaster::{Clients, handler};
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn an_order_is_charged_once_for_two_messages_delivered_twice() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, ledger) = (Clients::new(), Ledger::in_memory());
        clients.insert(ledger.clone());
        let layer = IdempotencyLayer::new(idempotency().key("powertools_json(body).order_id"));
        let caller = Caller::new(handler(pay).layer(layer)).with_clients(clients);
        let event: Value = serde_json::from_str(include_str!("../../events/queue.json"))?;
        for _ in 0..2 {
            assert_eq!(caller.call(event.clone()).await?, json!({ "batchItemFailures": [] }));
        }
        let orders = ledger.entries().into_iter().map(|entry| entry.order_id).collect::<Vec<_>>();
        assert_eq!(orders, ["o-1", "o-2"]);
        Ok(())
    }
}
