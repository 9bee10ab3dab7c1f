//! Hands an order to the carrier: `cargo run -p saga --bin ship -- examples/saga/event.json`

use pilaster::{Client, Event, lambda_handler};
use saga::order::{Order, ShipError, Shipment};
use saga::shop::Shop;

#[lambda_handler(warm(Client<Shop>))]
async fn ship(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Shipment, ShipError> {
    let shipment = shop.ship(&order).await?;
    tracing::info!(order = order.id, tracking = shipment.tracking, "shipped");
    Ok(shipment)
}

#[cfg(test)]
mod tests {
    use pilaster::testing::Caller;
    use pilaster::{Clients, handler};
    use saga::ledger::Ledger;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn only_countries_of_the_carrier_are_deliverable() -> Result<(), Box<dyn std::error::Error>> {
        let clients = Clients::new();
        clients.insert(Shop::new(Ledger::in_memory()));
        let function = Caller::new(handler(ship).error_type::<ShipError>()).with_clients(clients);
        let mut order: Value = serde_json::from_str(include_str!("../../event.json"))?;
        assert_eq!(function.call(order.clone()).await?, json!({ "tracking": "DE-o-1" }));
        order["country"] = json!("AQ");
        assert_eq!(function.call(order).await.expect_err("not deliverable").error_type(), "NotDeliverable");
        Ok(())
    }
}
