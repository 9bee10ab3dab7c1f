use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::json;

use super::*;

#[tokio::test]
async fn the_sample_order_is_placed_and_announced_once() -> Result<(), Box<dyn std::error::Error>> {
    let clients = Clients::new();
    let caller = Caller::new(set_status::function()).with_clients(clients.clone());
    caller.warm_up().await;
    assert!(clients.contains::<Orders>());

    let request = include_str!("../../../events/order.json");
    let event = json!({ "id": "o-1/1", "order": "o-1", "number": 1, "status": "placed" });
    assert_eq!(caller.call_text(request).await?, event);
    assert_eq!(caller.call_text(request).await?, json!(null), "it has this status");

    let error = caller.call(json!({ "order": "o-1", "status": "shipped" })).await.expect_err("not paid");
    assert_eq!(error.error_type(), "StatusNotAllowed");
    let error = caller.call(json!({ "order": "o-1", "status": "eaten" })).await.expect_err("no status");
    assert_eq!(error.error_type(), "InvalidEvent");
    let id = "canary-7f3a".repeat(300);
    let error = caller.call(json!({ "order": id, "status": "placed" })).await.expect_err("it is too long");
    assert_eq!((error.error_type(), error.message()), ("InvalidOrder", "`order` must have 1 to 256 bytes"));
    Ok(())
}
