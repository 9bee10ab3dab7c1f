//! The Lambda authorizer of a GraphQL API.

use std::time::Duration;

use pilaster::appsync::{Access, Authorization};
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::appsync_authorization;

use super::*;

/// Lets in or fails, as the token says.
async fn authorize(request: Authorization) -> Result<Access, BoxError> {
    Ok(match request.token() {
        "deny" => Access::deny().ttl(Duration::ZERO),
        "fail" => return Err("secret host".into()),
        "panic" => panic!("secret host"),
        "late" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Access::allow()
        }
        "long" => Access::allow().ttl(Duration::from_secs(3601)),
        "short" => Access::allow().ttl(Duration::from_millis(500)),
        "large" => Access::allow().context("text", "x".repeat(5 * 1024 * 1024)),
        "escapes" => Access::allow().context("text", "\u{1}".repeat(2_000_000)),
        "fields" => (0..7_000).fold(Access::allow(), |access, _| access.deny_field("User", &"x".repeat(1_000))),
        token => Access::allow().context("tenant", token).deny_field("User", "email").ttl(Duration::from_secs(3600)),
    })
}

#[tokio::test]
async fn check_25_an_authorizer_answers_in_the_form_of_aws() {
    let function = || pilaster::handler(authorize);
    let allowed =
        r#"{"isAuthorized":true,"resolverContext":{"tenant":"7"},"deniedFields":["User.email"],"ttlOverride":3600}"#;
    assert_eq!(bytes(function(), appsync_authorization("7")).await, allowed);
    assert_eq!(bytes(function(), appsync_authorization("deny")).await, r#"{"isAuthorized":false,"ttlOverride":0}"#);
    assert_eq!(bytes(function(), appsync_authorization("short")).await, r#"{"isAuthorized":true,"ttlOverride":1}"#);
    // A recorded event, without headers.
    let answer = Caller::new(function()).call(tests::http::event("python/appSyncAuthorizerEvent.json")).await.unwrap();
    assert_eq!(answer["resolverContext"]["tenant"], "BE9DC5E3-D410-4733-AF76-70178092E681");
}

#[tokio::test(start_paused = true)]
async fn check_25_an_authorizer_that_fails_panics_or_is_late_denies_access() {
    for (token, line) in [
        ("fail", "secret host"),
        ("panic", "the function panicked"),
        ("late", "the work was cancelled"),
        ("long", "the time to live is 3601 s, but AppSync caches a response for at most 3600 s"),
        ("large", "the limit of AppSync is 5242880"),
        ("escapes", "the context has 12000011 bytes; the limit of AppSync is 5242880"),
        ("fields", "the limit of Lambda is 6291456"),
    ] {
        let captured = CapturedLogs::default();
        let caller =
            Caller::new(pilaster::handler(authorize)).with_logs(&captured).with_time_left(Duration::from_secs(9));
        let answer = caller.call(appsync_authorization(token)).await.unwrap();
        assert_eq!(answer.to_string(), r#"{"isAuthorized":false}"#, "{token}");
        let lines = captured.lines();
        let logged = lines.iter().filter(|logged| logged["message"] == "the authorizer failed: access is denied");
        let logged = logged.map(Value::to_string).collect::<Vec<_>>();
        assert!(logged.len() == 1 && logged[0].contains(line), "{token}: {lines:?}");
    }
    let caller = Caller::new(pilaster::handler(authorize));
    for event in [json!({}), json!([]), json!("text"), json!({ "authorizationToken": 7, "requestContext": {} })] {
        assert_eq!(caller.call(event).await.unwrap(), json!({ "isAuthorized": false }));
    }
}

#[tokio::test]
async fn a_value_that_is_not_a_response_of_an_authorizer_denies_access() {
    async fn text(_: Authorization) -> Result<Value, BoxError> {
        Ok(json!({ "isAuthorized": "true" }))
    }
    let answer = Caller::new(pilaster::handler(text)).call(appsync_authorization("7")).await.unwrap();
    assert_eq!(answer, json!({ "isAuthorized": false }));
}

#[tokio::test]
async fn an_authorizer_reads_the_request_and_shows_no_token() {
    async fn look(request: Authorization) -> Result<Value, BoxError> {
        assert!(!format!("{request:?}").contains("hunter2"));
        Ok(json!({
            "isAuthorized": true,
            "seen": [
                request.bearer_token(), request.operation_name(), request.query(), request.headers().get("X-Tenant"),
                request.is_connect(), request.variables::<Value>()?, request.api_id(), request.account_id(),
            ],
        }))
    }
    let caller = Caller::new(pilaster::handler(look));
    let event = appsync_authorization("Bearer hunter2")
        .operation("MyPosts", "query MyPosts { posts }")
        .header("x-tenant", "7")
        .variables(json!({ "a": 1 }));
    let seen = caller.call(event).await.unwrap();
    let expected = json!([
        "hunter2", "MyPosts", "query MyPosts { posts }", "7", false, { "a": 1 }, "giy7kumfmvcqvbedntjwjvagii", "123456789012",
    ]);
    assert_eq!(seen["seen"], expected);
    let seen = caller.call(appsync_authorization("t").operation("DeepDish:Connect", "")).await.unwrap();
    assert_eq!(seen["seen"][4], true);
}
