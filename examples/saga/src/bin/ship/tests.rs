use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_charged_order_is_shipped_and_a_failure_has_its_name() -> TestResult {
    let clients = Clients::new();
    let caller = Caller::new(ship::function()).with_clients(clients.clone());
    caller.warm_up().await;
    assert!(clients.contains::<Shop>());

    let mut order: Value = serde_json::from_str(include_str!("../../../events/order.json"))?;
    assert_eq!(caller.call(order.clone()).await.expect_err("not charged").error_type(), "StepMissing");
    for (id, country, outcome) in [("o-1", "DE", Ok("DE-o-1")), ("o-2", "AQ", Err("NotDeliverable"))] {
        (order["id"], order["country"]) = (json!(id), json!(country));
        let (shop, of) = (clients.get::<Shop>().await?, serde_json::from_value(order.clone())?);
        shop.reserve(&of).await?;
        shop.charge(&of).await?;
        let answer = caller.call(order.clone()).await;
        match outcome {
            Ok(tracking) => assert_eq!(answer?["tracking"], tracking),
            Err(name) => assert_eq!(answer.expect_err("not shipped").error_type(), name),
        }
    }
    Ok(())
}
