use pilaster::testing::http::{TestResponse, get};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_user_is_known_by_the_claims_and_needs_a_tenant() -> TestResult {
    let caller = pilaster::testing::Caller::new(whoami::function());
    let send = async |claims: Value| caller.send(get("/user").claims(claims)).await;
    let user = json!({ "sub": "ada", "tenant": "north" });
    assert_eq!(send(user.clone()).await?.json::<Value>()?, user);
    assert_eq!(send(json!({ "sub": "ada" })).await?.status(), 403);
    assert_eq!(caller.send(get("/user")).await?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn a_partner_is_known_by_the_context_of_the_authorizer() -> TestResult {
    let caller = pilaster::testing::Caller::new(whoami::function());
    let mut event = get("/partner").into_event()?;
    event["requestContext"]["authorizer"] = json!({ "lambda": { "partner": "acme" } });
    let response = TestResponse::try_from(caller.call(event).await?)?;
    assert_eq!(response.json::<Value>()?, json!({ "partner": "acme" }));
    Ok(())
}
