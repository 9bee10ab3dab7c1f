use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn the_sample_order_is_reserved_and_a_failure_has_its_name() -> TestResult {
    let clients = Clients::new();
    let caller = Caller::new(reserve::function()).with_clients(clients.clone());
    caller.warm_up().await;
    assert!(clients.contains::<Shop>());

    let mut order: Value = serde_json::from_str(include_str!("../../../events/order.json"))?;
    let progress = caller.call(order.clone()).await?;
    assert_eq!((&progress["stage"], &progress["reserved"]), (&json!("Reserved"), &json!(2)));
    order["quantity"] = json!(3);
    assert_eq!(caller.call(order.clone()).await.expect_err("it differs").error_type(), "OrderDiffers");
    (order["id"], order["quantity"]) = (json!("o-2"), json!(99));
    assert_eq!(caller.call(order.clone()).await.expect_err("98 are left").error_type(), "OutOfStock");
    order["total"]["amount"] = json!(-1);
    let error = caller.call(order).await.expect_err("a negative amount");
    assert_eq!(error.error_type(), "InvalidEvent");
    assert!(error.message().contains("total"), "{error}");
    Ok(())
}
