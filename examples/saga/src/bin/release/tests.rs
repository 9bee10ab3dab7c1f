use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_reservation_is_released_once_and_a_shipped_order_is_not() -> TestResult {
    let clients = Clients::new();
    let caller = Caller::new(release::function()).with_clients(clients.clone());
    caller.warm_up().await;
    assert!(clients.contains::<Shop>());

    let mut order: Value = serde_json::from_str(include_str!("../../../events/order.json"))?;
    let (shop, of) = (clients.get::<Shop>().await?, serde_json::from_value(order.clone())?);
    shop.reserve(&of).await?;
    for _ in 0..2 {
        assert_eq!(caller.call(order.clone()).await?["released"], 2);
    }
    order["id"] = json!("o-2");
    let of = serde_json::from_value(order.clone())?;
    shop.reserve(&of).await?;
    shop.charge(&of).await?;
    shop.ship(&of).await?;
    assert_eq!(caller.call(order).await.expect_err("shipped").error_type(), "AlreadyShipped");
    Ok(())
}
