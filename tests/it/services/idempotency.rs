//! A repeated mutation, event or call of a tool takes effect once.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use pilaster::appsync::{Access, Arguments, Authorization, Resolvers, Source};
use pilaster::channels::{Handlers, Payload};
use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use pilaster::testing::{Caller, agentcore, appsync, appsync_authorization, bedrock, channel_publish};
use pilaster::tools::{Tools, tool};
use pilaster::{IntoService, idempotent, mcp};

use super::kinds::mcp_call;
use super::*;

static RECORDS: LazyLock<Idempotency> = LazyLock::new(|| Idempotency::new(MemoryStore::new(), "services"));
static CHARGES: AtomicU32 = AtomicU32::new(0);

/// Charges an order.
#[tool]
#[idempotent(key = "order", with = RECORDS)]
async fn charge(order: String) -> Result<u32, BoxError> {
    let charge = CHARGES.fetch_add(1, Ordering::Relaxed);
    match order.starts_with("declined") {
        true => Err("the card was declined".into()),
        false => Ok(charge),
    }
}

async fn field(Arguments(order): Arguments<Value>) -> Result<u32, BoxError> {
    charge(order["order"].as_str().unwrap_or_default().to_owned()).await
}

async fn publish(Payload(order): Payload<String>) -> Result<Option<u32>, BoxError> {
    charge(order).await.map(Some)
}

/// Calls the function twice with an order, and twice with one that fails.
async fn repeated(name: &str, function: impl IntoService, event: impl Fn(&str) -> Value, context: Context) {
    let caller = Caller::new(function).with_context(context).with_logs(&CapturedLogs::default());
    let called = async |order: &str| {
        let before = CHARGES.load(Ordering::Relaxed);
        let answer = caller.call(event(order)).await.map_err(|error| error.to_string());
        (answer, CHARGES.load(Ordering::Relaxed) - before)
    };
    let order = format!("order of {name}");
    let (first, second) = (called(&order).await, called(&order).await);
    assert_eq!((first.1, second.1), (1, 0), "{name}: {first:?}");
    assert_eq!(first.0, second.0, "{name}");
    let declined = format!("declined {name}");
    assert_eq!((called(&declined).await.1, called(&declined).await.1), (1, 1), "{name}: a failure is not recorded");
}

/// One test, since it counts the charges of the process.
#[tokio::test]
async fn a_repetition_runs_once_in_each_kind() {
    let tools = || Tools::new().add(charge::tool());
    let none = Context::default;
    let resolvers = Resolvers::new().field("Mutation", "charge", field);
    repeated(
        "field",
        resolvers,
        |order| appsync("Mutation", "charge").arguments(json!({ "order": order })).into(),
        none(),
    )
    .await;
    let handlers = Handlers::new().publish("/orders/*", publish);
    repeated("channel", handlers, |order| channel_publish("/orders/new").with_id("1", order).into(), none()).await;
    let agent = |order: &str| bedrock::function("charge").parameter("order", "string", order).into();
    repeated("agent", tools().for_bedrock(), agent, none()).await;
    repeated("gateway", tools().for_agentcore(), |order| json!({ "order": order }), agentcore::tool("charge")).await;
    let server = pilaster::http::service(mcp::Server::new(tools()));
    repeated("MCP", server, |order| mcp_call("charge", json!({ "order": order })), none()).await;
}

#[tokio::test]
async fn the_layer_fits_a_mutation_and_a_router_of_an_agent() {
    async fn create(Arguments(order): Arguments<Value>) -> Result<String, BoxError> {
        match order["fail"].is_null() {
            true => Ok(format!("created {}", uuid())),
            false => Err("no".into()),
        }
    }
    let records = Idempotency::new(MemoryStore::new(), "f").key("[identity.username, arguments.order]").require_key();
    let function = pilaster::handler(create).outer(IdempotencyLayer::new(records));
    let caller = Caller::new(function).with_logs(&CapturedLogs::default());
    let event = |user: &str| appsync("Mutation", "create").arguments(json!({ "order": 1 })).cognito(user, []);
    let first = caller.call(event("ada")).await.unwrap();
    assert_eq!(caller.call(event("ada")).await.unwrap(), first);
    assert_ne!(caller.call(event("bob")).await.unwrap(), first, "the recorded answer is that of another caller");
    let failing = || appsync("Mutation", "create").arguments(json!({ "order": 2, "fail": true })).cognito("ada", []);
    assert!(caller.call(failing()).await.is_err() && caller.call(failing()).await.is_err());
    assert_eq!(caller.call(event("ada")).await.unwrap(), first);
}

static RUNS: AtomicU32 = AtomicU32::new(0);

fn counted(is_good: bool) -> Result<u32, BoxError> {
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    if is_good { Ok(run) } else { Err("the table is busy".into()) }
}

/// Counts a call.
#[tool]
async fn count(is_good: bool) -> Result<u32, BoxError> {
    counted(is_good)
}

/// Calls a function twice, and returns `true` if the second response is the recorded one.
async fn is_replayed(function: impl IntoService, event: impl Into<Value>) -> bool {
    let (caller, event) = (Caller::new(function).with_logs(&CapturedLogs::default()), event.into());
    let before = RUNS.load(Ordering::Relaxed);
    caller.call(event.clone()).await.unwrap();
    assert_eq!(RUNS.load(Ordering::Relaxed), before + 1);
    caller.call(event).await.unwrap();
    RUNS.load(Ordering::Relaxed) == before + 1
}

/// One test, since it counts the runs of the process.
#[tokio::test]
async fn a_response_that_describes_a_failure_is_not_replayed() {
    async fn price(Source(is_good): Source<bool>) -> Result<u32, BoxError> {
        counted(is_good)
    }
    async fn authorizer(authorization: Authorization) -> Result<Access, BoxError> {
        counted(authorization.token() == "true").map(|_| Access::deny())
    }
    let layer = |key: &str| IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").key(key));
    let server = || pilaster::http::service(mcp::Server::new(Tools::new().add(count::tool())));
    for is_good in [true, false] {
        let batch = appsync("Post", "price").batch([is_good]);
        assert_eq!(is_replayed(pilaster::handler(price).outer(layer("[].source")), batch).await, is_good, "a batch");
        let authorization = appsync_authorization(is_good.to_string());
        let function = pilaster::handler(authorizer).outer(layer("authorizationToken"));
        assert_eq!(is_replayed(function, authorization).await, is_good, "an authorizer");
        let event = || mcp_call("count", json!({ "is_good": is_good }));
        let stack = pilaster::http::Stack::new().idempotency(layer("powertools_json(body).params.arguments"));
        assert_eq!(is_replayed(server().layer(stack), event()).await, is_good, "MCP, in its stack");
        assert_eq!(is_replayed(server().outer(layer("body")), event()).await, is_good, "MCP, around the function");
    }
}

fn uuid() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn the_layer_does_not_fit_where_a_response_may_describe_a_failure() {
    let layer = || IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f"));
    let tools = || Tools::new().add(charge::tool());
    let errors = [
        tools().for_bedrock().outer(layer()).into_service().err(),
        pilaster::bedrock::openapi(axum::Router::new()).outer(layer()).into_service().err(),
        tools().for_agentcore().outer(layer()).into_service().err(),
        pilaster::handler(Handlers::new().publish("/a", publish)).outer(layer()).into_service().err(),
    ];
    for error in errors {
        assert!(error.unwrap().to_string().contains("may describe a failure"));
    }
}
