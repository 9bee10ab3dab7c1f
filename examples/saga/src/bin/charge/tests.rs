use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_reserved_order_is_charged_and_a_failure_has_its_name() -> TestResult {
    let clients = Clients::new();
    let caller = Caller::new(charge::function()).with_clients(clients.clone());
    caller.warm_up().await;
    assert!(clients.contains::<Shop>());

    let mut order: Value = serde_json::from_str(include_str!("../../../events/order.json"))?;
    assert_eq!(caller.call(order.clone()).await.expect_err("not reserved").error_type(), "StepMissing");
    for (id, card, outcome) in [
        ("o-1", "tok_visa", Ok("Charged")),
        ("o-2", "tok_declined", Err("CardDeclined")),
        ("o-3", "tok_lost", Err("ProviderUnavailable")),
    ] {
        (order["id"], order["card"]) = (json!(id), json!(card));
        clients.get::<Shop>().await?.reserve(&serde_json::from_value(order.clone())?).await?;
        let answer = caller.call(order.clone()).await;
        match outcome {
            Ok(stage) => assert_eq!(answer?["stage"], stage),
            Err(name) => assert_eq!(answer.expect_err("not charged").error_type(), name),
        }
    }
    Ok(())
}
