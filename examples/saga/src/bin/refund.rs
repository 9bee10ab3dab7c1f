//! Gives the money back: `cargo run -p saga --bin refund -- examples/saga/event.json`

use pilaster::{Client, Event, lambda_handler};
use saga::order::{LedgerUnavailable, Order, TakenBack};
use saga::shop::Shop;

#[lambda_handler(warm(Client<Shop>))]
async fn refund(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<TakenBack, LedgerUnavailable> {
    let taken_back = shop.refund(&order).await?;
    tracing::info!(order = order.id, done = taken_back.done, "refunded");
    Ok(taken_back)
}

#[cfg(test)]
mod tests {
    use pilaster::testing::Caller;
    use pilaster::{Clients, handler};
    use saga::ledger::Ledger;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_was_never_charged_is_not_given_back_and_not_charged_later() -> Result<(), Box<dyn std::error::Error>>
    {
        let (clients, shop) = (Clients::new(), Shop::new(Ledger::in_memory()));
        clients.insert(shop.clone());
        let function = Caller::new(handler(refund).error_type::<LedgerUnavailable>()).with_clients(clients);
        let event = include_str!("../../event.json");
        assert_eq!(function.call_text(event).await?, json!({ "done": false }));
        assert!(shop.charge(&serde_json::from_str(event)?).await.is_err());
        Ok(())
    }
}
