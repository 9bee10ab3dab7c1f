//! Refunds the charge of an order: `cargo run -p saga --bin refund -- examples/saga/event.json`

use pilaster::{Client, Event, lambda_handler};
use saga::order::{Compensated, LedgerUnavailable, Order};
use saga::shop::Shop;

#[lambda_handler(warm(Client<Shop>))]
async fn refund(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Compensated, LedgerUnavailable> {
    let compensated = shop.refund(&order).await?;
    tracing::info!(order = order.id, done = compensated.done, "refunded");
    Ok(compensated)
}

#[cfg(test)]
mod tests {
    use pilaster::testing::Caller;
    use pilaster::{Clients, handler};
    use saga::ledger::Ledger;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn an_order_that_was_never_charged_is_not_refunded_and_not_charged_later()
    -> Result<(), Box<dyn std::error::Error>> {
        let (clients, shop) = (Clients::new(), Shop::new(Ledger::in_memory()));
        clients.insert(shop.clone());
        let function = Caller::new(handler(refund).error_type::<LedgerUnavailable>()).with_clients(clients);
        let event = include_str!("../../event.json");
        assert_eq!(function.call_text(event).await?, json!({ "done": false }));
        assert!(shop.charge(&serde_json::from_str(event)?).await.is_err());
        Ok(())
    }
}
