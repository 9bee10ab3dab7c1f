//! Puts what was reserved back into the stock: `cargo run -p saga --bin release -- examples/saga/event.json`

use pilaster::{Client, Event, lambda_handler};
use saga::order::{LedgerUnavailable, Order, TakenBack};
use saga::shop::Shop;

#[lambda_handler(warm(Client<Shop>))]
async fn release(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<TakenBack, LedgerUnavailable> {
    let taken_back = shop.release(&order).await?;
    tracing::info!(order = order.id, done = taken_back.done, "released");
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
    async fn what_was_reserved_is_put_back_once() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, shop) = (Clients::new(), Shop::new(Ledger::in_memory()));
        clients.insert(shop.clone());
        let function = Caller::new(handler(release).error_type::<LedgerUnavailable>()).with_clients(clients);
        let event = include_str!("../../event.json");
        shop.reserve(&serde_json::from_str(event)?).await?;
        assert_eq!(shop.left("tea"), Some(98));
        assert_eq!(function.call_text(event).await?, json!({ "done": true }));
        assert_eq!(function.call_text(event).await?, json!({ "done": false }));
        assert_eq!(shop.left("tea"), Some(100));
        Ok(())
    }
}
