use std::time::Duration;

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

/// The time-out of the provider's call comes first, or the deadline of a call with little time left.
#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_asked_again_with_the_same_key() -> TestResult {
    let definition: Value = serde_json::from_str(include_str!("../../../saga.asl.json"))?;
    let mut order: Value = serde_json::from_str(include_str!("../../../events/order.json"))?;
    order["card"] = json!("tok_hangs");
    for (seconds, error_type, steps) in
        [(10, "ProviderUnavailable", &["Charge"][..]), (4, "Timeout", &["Reserve", "Charge", "Ship"])]
    {
        let clients = Clients::new();
        clients.get::<Shop>().await?.reserve(&serde_json::from_value(order.clone())?).await?;
        let caller = Caller::new(charge::function()).with_clients(clients).with_time_left(Duration::from_secs(seconds));
        let start = tokio::time::Instant::now();
        let error = caller.call(order.clone()).await.expect_err("the provider hangs");
        assert!(start.elapsed() <= Duration::from_secs(5), "{:?} of {seconds} s", start.elapsed());
        assert_eq!(error.error_type(), error_type);
        for step in steps {
            let retried = definition["States"][step]["Retry"][0]["ErrorEquals"].as_array().ok_or("a list")?;
            assert!(retried.iter().any(|name| name == error.error_type()), "{step} is not retried after {error_type}");
        }
        assert_eq!(caller.call(order.clone()).await?["stage"], "Charged");
    }
    assert!(include_str!("../../../template.yaml").contains("\n    Timeout: 10 "), "the provider may take half of it");
    Ok(())
}
