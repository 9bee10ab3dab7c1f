use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_charge_is_refunded_and_a_shipped_order_is_not() -> TestResult {
    let clients = Clients::new();
    let caller = Caller::new(refund::function()).with_clients(clients.clone());
    caller.warm_up().await;
    assert!(clients.contains::<Shop>());

    let mut order: Value = serde_json::from_str(include_str!("../../../events/order.json"))?;
    for (id, is_shipped) in [("o-1", false), ("o-2", true)] {
        order["id"] = json!(id);
        let (shop, of) = (clients.get::<Shop>().await?, serde_json::from_value(order.clone())?);
        shop.reserve(&of).await?;
        shop.charge(&of).await?;
        if is_shipped {
            shop.ship(&of).await?;
            assert_eq!(caller.call(order.clone()).await.expect_err("shipped").error_type(), "AlreadyShipped");
        } else {
            assert_eq!(caller.call(order.clone()).await?["refunded"], json!({ "amount": 1800, "currency": "EUR" }));
        }
    }
    Ok(())
}
