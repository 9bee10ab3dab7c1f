//! The table of kinds.

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use futures_util::future::{LocalBoxFuture, join_all};
use lambda_runtime::Context;
use pilaster::appsync::{Arguments, Batch, Batched, Resolvers, Source};
use pilaster::channels::{Channel, Handlers, Outgoing, Payload, Publish};
use pilaster::http::Stack;
use pilaster::observe::logging::{Level, Logs};
use pilaster::testing::{
    Caller, agentcore, appsync, appsync_authorization, bedrock, channel_authorization, channel_publish,
    channel_subscribe, http,
};
use pilaster::tools::{Tools, tool};
use pilaster::{BoxError, Client, Clients, Invocation, Metrics, appsync as fields, channels, mcp};
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber as _;

use super::{Answers, Factor, Seen, work};

type Calls = Vec<(Context, Duration, Value)>;

pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) call: Box<dyn Fn(Seen, Calls) -> LocalBoxFuture<'static, Answers>>,
    pub(super) event: fn(&str) -> Value,
    pub(super) context: fn() -> Context,
    /// The answer has the text of the work.
    pub(super) answers: bool,
    /// It answers warm-up calls without `PILASTER_WARMUP=on`.
    pub(super) is_warmed: bool,
}

async fn field(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    Arguments(how): Arguments<Value>,
) -> Result<String, BoxError> {
    work(metrics, factor, invocation, how["how"].as_str().unwrap_or_default()).await
}

async fn item(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    Source(how): Source<String>,
) -> Result<String, BoxError> {
    work(metrics, factor, invocation, &how).await
}

async fn items(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    batch: Batch<String>,
) -> Result<Batched<String>, BoxError> {
    let how = batch.sources().next().cloned().unwrap_or_default();
    let text = work(metrics, factor, invocation, &how).await?;
    Ok(batch.answer(|_| text.clone()))
}

async fn field_access(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    request: fields::Authorization,
) -> Result<fields::Access, BoxError> {
    Ok(fields::Access::allow().context("work", work(metrics, factor, invocation, request.token()).await?))
}

async fn channel_access(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    request: channels::Authorization,
) -> Result<channels::Access, BoxError> {
    Ok(channels::Access::allow().context("work", work(metrics, factor, invocation, request.token()).await?))
}

async fn publish(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    Payload(how): Payload<String>,
) -> Result<Option<String>, BoxError> {
    work(metrics, factor, invocation, &how).await.map(Some)
}

async fn publish_all(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    events: Publish<String>,
) -> Result<Vec<Outgoing>, BoxError> {
    let event = events.into_iter().next().ok_or("no event")?;
    Ok(vec![Outgoing::payload(event.id, &work(metrics, factor, invocation, &event.payload).await?)])
}

async fn subscribe(
    metrics: Metrics,
    Client(factor): Client<Factor>,
    invocation: Invocation,
    channel: Channel,
) -> Result<(), BoxError> {
    let how = channel.segments().next_back().unwrap_or_default();
    work(metrics, factor, invocation, how).await.map(drop)
}

/// Ends as it is asked to.
#[tool]
async fn end(
    #[extract] metrics: Metrics,
    #[extract] Client(factor): Client<Factor>,
    #[extract] invocation: Invocation,
    how: String,
) -> Result<String, BoxError> {
    work(metrics, factor, invocation, &how).await
}

fn tools() -> Tools {
    Tools::new().add(end::tool())
}

fn router() -> Router {
    let handler = async |metrics, Client(factor): Client<Factor>, invocation, Path(how): Path<String>| {
        work(metrics, factor, invocation, &how).await.map_err(pilaster::http::HttpError::internal)
    };
    Router::new().route("/work/{how}", get(handler))
}

/// A request of an older client, which has no headers of the protocol.
pub(super) fn mcp_call(tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    let request = http::post("/mcp").header("accept", "application/json, text/event-stream");
    request.json(json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params })).into_event().unwrap()
}

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

macro_rules! kind {
    ($name:literal, $function:expr, $event:expr) => {
        Kind {
            name: $name,
            call: Box::new(|seen, calls| {
                let function = $function.outer(seen.traces()).outer(seen.metrics());
                let clients = Clients::new();
                clients.insert(Factor(7));
                let caller = Caller::new(function).with_clients(clients);
                let logs = Logs::new().level(Level::Debug).writer(seen.lines.clone()).build();
                let called = async move {
                    let calls = calls.into_iter().map(|(context, time_left, event)| {
                        let caller = caller.clone().with_context(context).with_time_left(time_left);
                        async move { caller.call(event).await }
                    });
                    join_all(calls).await
                };
                Box::pin(called.with_subscriber(logs))
            }),
            event: $event,
            context: Context::default,
            answers: true,
            is_warmed: true,
        }
    };
}

fn resolvers() -> Resolvers {
    Resolvers::new().field("Query", "work", field).field("Post", "item", item)
}

fn handlers() -> Handlers {
    Handlers::new().publish("/one/*", publish).publish_all("/all/*", publish_all).subscribe("/one/*", subscribe)
}

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        kind!("resolver", pilaster::handler(resolvers()), |how| {
            appsync("Query", "work").arguments(json!({ "how": how })).header("x-amzn-trace-id", TRACE).into()
        }),
        kind!("resolver of an item", pilaster::handler(resolvers()), |how| appsync("Post", "item").batch([how])),
        kind!("resolver of a batch", pilaster::handler(items), |how| appsync("Post", "items").batch([how])),
        Kind {
            is_warmed: false,
            ..kind!("authorizer", pilaster::handler(field_access), |how| appsync_authorization(how).into())
        },
        kind!("publish", pilaster::handler(handlers()), |how| {
            channel_publish("/one/room").with(how).header("x-amzn-trace-id", TRACE).into()
        }),
        kind!("publish of all", pilaster::handler(handlers()), |how| channel_publish("/all/room").with(how).into()),
        Kind {
            answers: false,
            ..kind!("subscribe", pilaster::handler(handlers()), |how| {
                channel_subscribe(format!("/one/{how}")).header("x-amzn-trace-id", TRACE).into()
            })
        },
        Kind {
            is_warmed: false,
            ..kind!("channel authorizer", pilaster::handler(channel_access), |how| channel_authorization(how).into())
        },
        kind!("function of an agent", tools().for_bedrock(), |how| {
            bedrock::function("end").parameter("how", "string", how).into()
        }),
        kind!("router of an agent", pilaster::bedrock::openapi(router()).layer(Stack::new()), |how| {
            bedrock::api("GET", "/work/{how}").parameter("how", "string", how).into()
        }),
        Kind {
            context: || agentcore::tool("end"),
            is_warmed: false,
            ..kind!("gateway", tools().for_agentcore(), |how| json!({ "how": how }))
        },
        kind!("MCP server", pilaster::http::service(mcp::Server::new(tools())), |how| {
            mcp_call("end", json!({ "how": how }))
        }),
    ]
}
