//! Returns the reserved units of an order to the stock: `cargo run -p saga --bin release -- examples/saga/event.json`

use pilaster::{Client, Event, lambda_handler};
use saga::order::{Compensated, LedgerUnavailable, Order};
use saga::shop::Shop;

#[lambda_handler(warm(Client<Shop>))]
async fn release(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Compensated, LedgerUnavailable> {
    let compensated = shop.release(&order).await?;
    tracing::info!(order = order.id, done = compensated.done, "released");
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
    async fn a_reservation_is_released_once() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, shop) = (Clients::new(), Shop::new(Ledger::in_memory()));
        clients.insert(shop.clone());
        let function = Caller::new(handler(release).error_type::<LedgerUnavailable>()).with_clients(clients);
        let event = include_str!("../../event.json");
        shop.reserve(&serde_json::from_str(event)?).await?;
        assert_eq!(shop.units_left("tea"), Some(98));
        assert_eq!(function.call_text(event).await?, json!({ "done": true }));
        assert_eq!(function.call_text(event).await?, json!({ "done": false }));
        assert_eq!(shop.units_left("tea"), Some(100));
        Ok(())
    }
}
