//! Charges the card for an order: `cargo run -p saga --bin charge -- examples/saga/event.json`

use pilaster::{Client, Event, lambda_handler};
use saga::order::{Charge, ChargeError, Order};
use saga::shop::Shop;

#[lambda_handler(warm(Client<Shop>))]
async fn charge(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Charge, ChargeError> {
    let charge = shop.charge(&order).await?;
    tracing::info!(order = order.id, cents = charge.cents, "charged");
    Ok(charge)
}

#[cfg(test)]
mod tests {
    use pilaster::testing::Caller;
    use pilaster::{Clients, handler};
    use saga::ledger::Ledger;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn a_declined_card_and_a_busy_bank_have_distinct_error_types() -> Result<(), Box<dyn std::error::Error>> {
        let clients = Clients::new();
        clients.insert(Shop::new(Ledger::in_memory()));
        let function = Caller::new(handler(charge).error_type::<ChargeError>()).with_clients(clients);
        let mut order: Value = serde_json::from_str(include_str!("../../event.json"))?;
        assert_eq!(function.call(order.clone()).await?, json!({ "cents": 1800 }));
        for (card, name) in [("tok_declined", "CardDeclined"), ("tok_busy", "BankBusy")] {
            order["card"] = json!(card);
            let error = function.call(order.clone()).await.expect_err("not charged");
            assert_eq!(error.error_type(), name);
        }
        Ok(())
    }
}
