//! Reserves the units of an order: `cargo run -p saga -- examples/saga/event.json`

use pilaster::{Client, Event, lambda_handler};
use saga::order::{Order, Reservation, ReserveError};
use saga::shop::Shop;

#[lambda_handler(warm(Client<Shop>))]
async fn reserve(Client(shop): Client<Shop>, Event(order): Event<Order>) -> Result<Reservation, ReserveError> {
    let reservation = shop.reserve(&order).await?;
    tracing::info!(order = order.id, units = reservation.quantity, "reserved");
    Ok(reservation)
}

#[cfg(test)]
mod tests {
    use pilaster::testing::Caller;
    use pilaster::{Clients, handler};
    use saga::ledger::Ledger;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn the_sample_order_is_reserved_and_too_large_an_order_is_out_of_stock()
    -> Result<(), Box<dyn std::error::Error>> {
        let clients = Clients::new();
        clients.insert(Shop::new(Ledger::in_memory()));
        let function = Caller::new(handler(reserve).error_type::<ReserveError>()).with_clients(clients);
        let mut order: Value = serde_json::from_str(include_str!("../../event.json"))?;
        assert_eq!(function.call(order.clone()).await?, json!({ "quantity": 2 }));

        order["id"] = json!("o-2");
        order["quantity"] = json!(99);
        let error = function.call(order.clone()).await.expect_err("98 are left");
        assert_eq!(error.error_type(), "OutOfStock");

        order["quantity"] = json!("many");
        let error = function.call(order).await.expect_err("not a number");
        assert_eq!(error.error_type(), "InvalidEvent");
        assert!(error.message().contains("quantity"), "{error}");
        Ok(())
    }
}
