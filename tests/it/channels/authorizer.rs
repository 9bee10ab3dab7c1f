//! The Lambda authorizer of an Events API.

use pilaster::channels::{Access, Authorization};
use pilaster::testing::channel_authorization;

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
        "short" => Access::deny().ttl(Duration::from_millis(1)),
        token => {
            let seen = format!("{:?} {:?} {:?}", request.operation(), request.namespace(), request.channel());
            Access::allow().context("token", token).context("seen", seen).ttl(Duration::from_secs(3600))
        }
    })
}

#[tokio::test]
async fn check_25_an_authorizer_writes_the_handler_context() {
    let caller = Caller::new(pilaster::handler(authorize));
    let answer = caller.call(channel_authorization("7")).await.unwrap();
    let expected = json!({ "isAuthorized": true, "handlerContext": { "token": "7", "seen": "Connect None None" }, "ttlOverride": 3600 });
    assert_eq!(answer, expected);
    let answer = caller.call(channel_authorization("7").publish("/chat/room")).await.unwrap();
    assert_eq!(answer["handlerContext"]["seen"], r#"Publish Some("chat") Some("/chat/room")"#);
    let answer = caller.call(channel_authorization("7").subscribe("/chat/*")).await.unwrap();
    assert_eq!(answer["handlerContext"]["seen"], r#"Subscribe Some("chat") Some("/chat/*")"#);
    let answer = caller.call(channel_authorization("deny")).await.unwrap();
    assert_eq!(answer.to_string(), r#"{"isAuthorized":false,"ttlOverride":0}"#);
    let answer = caller.call(channel_authorization("short")).await.unwrap();
    assert_eq!(answer.to_string(), r#"{"isAuthorized":false,"ttlOverride":1}"#);
}

#[tokio::test(start_paused = true)]
async fn check_25_an_authorizer_that_fails_panics_or_is_late_denies_access() {
    for (token, line) in [
        ("fail", "secret host"),
        ("panic", "the function panicked"),
        ("late", "the work was cancelled"),
        ("long", "the time to live is 3601 s, but AppSync caches a response for at most 3600 s"),
    ] {
        let logs = CapturedLogs::default();
        let caller = Caller::new(pilaster::handler(authorize)).with_logs(&logs).with_time_left(Duration::from_secs(9));
        let answer = caller.call(channel_authorization(token)).await.unwrap();
        assert_eq!(answer.to_string(), r#"{"isAuthorized":false}"#, "{token}");
        let lines = logs.lines();
        let logged = lines.iter().filter(|logged| logged["message"] == "the authorizer failed: access is denied");
        let logged = logged.map(Value::to_string).collect::<Vec<_>>();
        assert!(logged.len() == 1 && logged[0].contains(line), "{token}: {lines:?}");
    }
    let caller = Caller::new(pilaster::handler(authorize));
    let mut unknown = channel_authorization("7").event();
    unknown["requestContext"]["operation"] = json!("EVENT_DELETE");
    for event in [json!({}), json!([]), json!("text"), unknown] {
        assert_eq!(caller.call(event).await.unwrap(), json!({ "isAuthorized": false }));
    }
}

#[tokio::test]
async fn an_authorizer_reads_the_request_and_shows_no_token() {
    async fn look(request: Authorization) -> Result<Value, BoxError> {
        assert!(!format!("{request:?}").contains("hunter2"));
        let seen = json!([
            request.bearer_token(),
            request.headers().get("X-Tenant"),
            request.api_id(),
            request.account_id(),
            request.request_id(),
        ]);
        Ok(json!({ "isAuthorized": true, "seen": seen }))
    }
    let caller = Caller::new(pilaster::handler(look));
    let seen = caller.call(channel_authorization("Bearer hunter2").header("x-tenant", "7")).await.unwrap();
    let expected =
        json!(["hunter2", "7", "giy7kumfmvcqvbedntjwjvagii", "123456789012", "b80ed838-14c6-4500-b4c3-b694c7bef086"]);
    assert_eq!(seen["seen"], expected);
}

#[tokio::test]
async fn handlers_read_the_context_of_the_authorizer() {
    use pilaster::channels::LambdaContext;

    #[derive(serde::Deserialize)]
    struct Tenant {
        tenant: String,
    }
    async fn of_tenant(LambdaContext(context): LambdaContext<Tenant>, channel: Channel) -> Result<(), BoxError> {
        if channel.segments().nth(1) == Some(&*context.tenant) { Ok(()) } else { Err(Unauthorized.into()) }
    }
    let caller = Caller::new(Handlers::new().subscribe("/tenants/*", of_tenant));
    let subscribe = channel_subscribe("/tenants/7").lambda_context(json!({ "tenant": "7" }));
    assert_eq!(caller.call(subscribe).await.unwrap(), Value::Null);
    for event in [
        channel_subscribe("/tenants/8").lambda_context(json!({ "tenant": "7" })),
        channel_subscribe("/tenants/7"),
        channel_subscribe("/tenants/7").iam("reader"),
    ] {
        assert_eq!(caller.call(event).await.unwrap_err().error_type(), "UnauthorizedException");
    }
}
