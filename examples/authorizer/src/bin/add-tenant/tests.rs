use authorizer::Member;
use pilaster::testing::Caller;
use pilaster::{Clients, RawService};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const ADA: &str = "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55";

async fn deployed() -> (Caller<impl RawService>, Accounts) {
    let clients = Clients::new();
    let accounts = clients.get::<Accounts>().await.expect("a table in memory");
    (Caller::new(add_tenant::function()).with_clients(clients), accounts)
}

fn event() -> Value {
    serde_json::from_str(include_str!("../../../events/add-tenant.json")).expect("JSON")
}

#[tokio::test]
async fn both_tokens_get_the_tenant_and_the_event_is_returned_as_it_was() -> TestResult {
    let (caller, Accounts(table)) = deployed().await;
    table.put(format!("user#{ADA}"), &Member { tenant: "north".to_owned() }).await?;
    let mut response = caller.call(event()).await?;
    let claims = json!({ "claimsToAddOrOverride": { "tenant": "north" } });
    let details = response["response"]["claimsAndScopeOverrideDetails"].take();
    assert_eq!(details, json!({ "accessTokenGeneration": claims, "idTokenGeneration": claims }));
    assert_eq!(response, event());
    Ok(())
}

#[tokio::test]
async fn a_user_without_a_tenant_gets_no_token() -> TestResult {
    let (caller, Accounts(table)) = deployed().await;
    table.put("user#another", &Member { tenant: "north".to_owned() }).await?;
    let error = caller.call(event()).await.expect_err("no token");
    assert_eq!((error.error_type(), error.message()), ("NoTenant", "this user belongs to no tenant"));
    Ok(())
}

#[tokio::test]
async fn a_refreshed_token_has_the_tenant_of_its_time_and_there_is_none_without_a_tenant() -> TestResult {
    let (caller, Accounts(table)) = deployed().await;
    let mut refresh = event();
    refresh["triggerSource"] = json!("TokenGeneration_RefreshTokens");
    let key = format!("user#{ADA}");
    for tenant in ["north", "south"] {
        table.put(&*key, &Member { tenant: tenant.to_owned() }).await?;
        let details = &caller.call(refresh.clone()).await?["response"]["claimsAndScopeOverrideDetails"];
        assert_eq!(details["accessTokenGeneration"]["claimsToAddOrOverride"]["tenant"], tenant);
    }
    table.delete(&*key).await?;
    assert_eq!(caller.call(refresh).await.expect_err("no token").error_type(), "NoTenant");
    Ok(())
}

#[tokio::test]
async fn a_malformed_event_or_item_gives_no_token() -> TestResult {
    let (caller, Accounts(table)) = deployed().await;
    table.put(format!("user#{ADA}"), &json!({ "tenant": null })).await?;
    assert!(caller.call(event()).await.is_err());
    for without in [json!({}), json!({ "request": null }), json!({ "request": { "userAttributes": { "sub": 7 } } })] {
        let error = caller.call(without.clone()).await.expect_err("no token");
        assert!(error.message().contains("`sub`"), "{without}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_event() {
    let clients = Clients::new();
    Caller::new(add_tenant::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Accounts>());
}
