//! Payments from a queue, charged once per order, however often a message comes and whoever sends it.
//! `cargo run -p payments --bin pay-from-queue -- examples/payments/events/queue.json`

use payments::ledger::Ledger;
use payments::once::once;
use payments::payments::{Declined, NewPayment};
use pilaster::idempotency::IdempotencyLayer;
use pilaster::records::RecordError;
use pilaster::{BoxError, Client, Sqs, lambda_handler};

#[lambda_handler(layer = IdempotencyLayer::new(once().key("powertools_json(body).order_id")), warm(Client<Ledger>))]
async fn pay(Client(ledger): Client<Ledger>, new: Sqs<NewPayment>) -> Result<(), BoxError> {
    match ledger.charge(new.body).await {
        Ok(payment) => {
            tracing::info!(id = %payment.id, order = payment.order_id, "charged");
            Ok(())
        }
        // No try will make it an amount.
        Err(error) if error.is::<Declined>() => Err(RecordError::discard(error).into()),
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
    async fn an_order_is_charged_once_though_two_messages_ask_for_it_twice() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, ledger) = (Clients::new(), Ledger::in_memory());
        clients.insert(ledger.clone());
        let once = IdempotencyLayer::new(once().key("powertools_json(body).order_id"));
        let caller = Caller::new(handler(pay).layer(once)).with_clients(clients);
        let event: Value = serde_json::from_str(include_str!("../../events/queue.json"))?;
        for _ in 0..2 {
            assert_eq!(caller.call(event.clone()).await?, json!({ "batchItemFailures": [] }));
        }
        let orders = ledger.entries().into_iter().map(|entry| entry.order_id).collect::<Vec<_>>();
        assert_eq!(orders, ["o-1", "o-2"]);
        Ok(())
    }
}
