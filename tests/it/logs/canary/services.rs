//! Functions of AppSync and of tools: the secret stands in place of each value of their events, one after the other, so that
//! some cannot be decoded. It is in no log line, metric or span; the answer may repeat a payload.

use axum::Router;
use axum::extract::Request;
use pilaster::appsync::{
    self, Arguments, Batch, Batched, FieldCall, FieldContext, FieldInfo, Resolvers, Selection, Source,
};
use pilaster::channels::{self, Channel, ChannelCall, Handlers, Outgoing, Payload, Publish};
use pilaster::testing::{
    agentcore, appsync_authorization, bedrock, channel_authorization, channel_publish, channel_subscribe,
};
use pilaster::tools::{self, Content, Input, Outcome, Session, Tool, ToolError, Tools};
use pilaster::{Clients, IntoService, mcp};
use schemars::JsonSchema;
use tower::ServiceBuilder;

use super::*;

/// Names that are logged or shown on purpose, and that no client chooses freely: those of a schema, a channel, an event, an
/// agent, an API and its operation.
const SHOWN: [&str; 16] = [
    "/info/fieldName",
    "/info/parentTypeName",
    "/info/selectionSetList",
    "/info/channel",
    "/events/0/id",
    "/agent",
    "/actionGroup",
    "/function",
    "/apiPath",
    "/httpMethod",
    "/requestContext/apiId",
    "/requestContext/requestId",
    "/requestContext/operationName",
    "/requestContext/operation",
    "/requestContext/channel",
    "/requestContext/accountId",
];

/// Returns the pointers to each value that is not a list or an object.
fn leaves(json: &Value, at: &str, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => members.iter().for_each(|(name, json)| {
            let step = name.replace('~', "~0").replace('/', "~1");
            leaves(json, &format!("{at}/{step}"), found);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, json)| leaves(json, &format!("{at}/{i}"), found)),
        _ => found.push(at.to_owned()),
    }
}

/// Returns the event with the secret in place of each value, as a text and as a list; with it in all texts; and as an
/// unknown member of each object.
///
/// A work that does not end well gets only the event itself and that with the secret in all texts.
fn planted(event: &Value, end: End) -> Vec<Value> {
    let mut pointers = Vec::new();
    leaves(event, "", &mut pointers);
    pointers.retain(|pointer| !SHOWN.iter().any(|shown| pointer.starts_with(shown)));
    let put = |event: &mut Value, pointer: &str, secret: Value| *event.pointer_mut(pointer).unwrap() = secret;
    let mut events = vec![event.clone()];
    for pointer in pointers.iter().filter(|_| matches!(end, End::Well)) {
        for secret in [json!(SECRET), json!([SECRET]), json!({ SECRET: SECRET })] {
            let mut planted = event.clone();
            put(&mut planted, pointer, secret);
            events.push(planted);
        }
    }
    let mut everywhere = event.clone();
    for pointer in pointers.iter().filter(|pointer| event.pointer(pointer).unwrap().is_string()) {
        put(&mut everywhere, pointer, json!(SECRET));
    }
    let mut objects = vec![everywhere];
    for pointer in ["", "/arguments", "/identity", "/sessionAttributes", "/requestContext", "/info"] {
        let mut unknown = event.clone();
        if let Some(Value::Object(members)) = unknown.pointer_mut(pointer) {
            members.insert(SECRET.to_owned(), json!(SECRET));
            objects.push(unknown);
        }
    }
    events.extend(objects);
    events
}

/// Calls the function with each event at the level TRACE, until the deadline.
async fn keeps_secrets<F: IntoService>(name: &str, function: impl Fn(&Seen) -> F, events: Vec<(Context, Value)>) {
    let mut is_shown = false;
    for (context, event) in events {
        let seen = Seen::default();
        let caller = Caller::new(function(&seen)).with_context(context).with_clients(Clients::new());
        let caller = caller.with_time_left(std::time::Duration::from_secs(2));
        let logs = Logs::new().level(Level::Trace).writer(seen.lines.clone()).build();
        let answer = caller.call(event.clone()).with_subscriber(logs).await;
        let spans = Value::from(seen.spans.spans());
        let out = format!("{}\n{}\n{spans}", seen.lines.text(), seen.metrics.text());
        assert!(!seen.spans.spans().is_empty(), "{name}");
        is_shown |= seen.lines.lines().iter().any(|line| line["message"] == "shown");
        for line in out.lines() {
            assert!(!holds(line, SECRET), "{name}: {event}: {line}");
        }
        if let Err(error) = answer {
            let text = format!("{error:?} {error} {}", error.message());
            assert!(!holds(&text, SECRET), "{name}: {event}: {text}");
        }
    }
    assert!(is_shown, "{name}: the function is called with one of the events");
}

/// The events with the context of each invocation.
fn with_context(events: Vec<Value>) -> Vec<(Context, Value)> {
    events.into_iter().map(|event| (context(), event)).collect()
}

macro_rules! outer {
    ($function:expr) => {
        |seen: &Seen| $function.outer(LoggingLayer::new()).outer(seen.traces()).outer(seen.metrics())
    };
}

/// The ends of the work.
#[derive(Clone, Copy)]
enum End {
    Well,
    Fails,
    Panics,
    Late,
}

const ENDS: [End; 4] = [End::Well, End::Fails, End::Panics, End::Late];

impl End {
    async fn reached(self) -> Result<(), BoxError> {
        match self {
            Self::Well => Ok(()),
            Self::Fails => Err(std::io::Error::other("the disk is full").into()),
            Self::Panics => panic!("the disk is on fire"),
            Self::Late => std::future::pending().await,
        }
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Post {
    id: u64,
    title: String,
}

fn identities() -> Vec<Value> {
    let field = pilaster::testing::appsync("Query", "post");
    vec![
        field.clone().cognito("ada", ["admins"]).event()["identity"].clone(),
        field.clone().iam("role").event()["identity"].clone(),
        field.lambda_context(json!({ "tenant": "7" })).event()["identity"].clone(),
        json!({ "claims": { "sub": "u" }, "issuer": "https://issuer.example", "sub": "u" }),
        json!({ "unknown": "shape" }),
    ]
}

fn field_events(end: End) -> Vec<Value> {
    let event = pilaster::testing::appsync("Query", "post")
        .arguments(json!({ "id": 7, "title": "a" }))
        .source(json!({ "id": 8, "title": "b" }))
        .header("authorization", "token")
        .header("cookie", "session")
        .prev(json!({ "id": 9, "title": "c" }))
        .stash(json!({ "key": "value" }))
        .selection(["id", "title"])
        .variables(json!({ "id": 7 }));
    let of = |identity| event.clone().identity(identity).event();
    let mut events: Vec<_> = identities().into_iter().flat_map(|identity| planted(&of(identity), end)).collect();
    events.extend([json!(SECRET), json!([SECRET]), json!({ SECRET: 1 })]);
    events
}

#[tokio::test(start_paused = true)]
async fn of_fields() {
    for end in ENDS {
        let shown = move |context: FieldContext,
                          identity: appsync::Identity,
                          headers: appsync::RequestHeaders,
                          arguments: Arguments<Post>,
                          source: Option<Source<Post>>,
                          info: FieldInfo,
                          selection: Selection| async move {
            tracing::info!(?context, ?identity, ?headers, ?arguments, ?source, ?info, ?selection, "shown");
            end.reached().await
        };
        let pipeline = move |prev: appsync::Prev<Value>, stash: appsync::Stash<Value>| async move {
            tracing::info!(?prev, ?stash, "shown");
            end.reached().await
        };
        let seen = ServiceBuilder::new()
            .map_request(|call: FieldCall| {
                tracing::info!(?call, "shown");
                call
            })
            .map_response(|response: appsync::FieldResponse| {
                tracing::info!(?response, "shown");
                response
            });
        keeps_secrets("field", outer!(pilaster::handler(shown).layer(seen.clone())), with_context(field_events(end)))
            .await;
        keeps_secrets("pipeline", outer!(pilaster::handler(pipeline)), with_context(field_events(end))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_batches_of_fields() {
    for end in ENDS {
        let whole = move |batch: Batch<Post, Value>| async move {
            tracing::info!(?batch, first = ?batch.iter().next(), "shown");
            end.reached().await?;
            let answers: Batched<Value> = batch.answer(|item| item.arguments.clone());
            tracing::info!(?answers, "shown");
            Ok::<_, BoxError>(answers)
        };
        let single = move |source: Source<Post>| async move {
            tracing::info!(?source, "shown");
            end.reached().await
        };
        let batches = || field_events(end).into_iter().map(|item| json!([item, item])).collect();
        let resolvers = || Resolvers::new().batch("Query", "post", whole);
        keeps_secrets("batch", outer!(pilaster::handler(resolvers())), with_context(batches())).await;
        keeps_secrets("items", outer!(pilaster::handler(single)), with_context(batches())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_channels() {
    for end in ENDS {
        let one = move |identity: channels::Identity, headers: channels::RequestHeaders, payload: Payload<Value>| async move {
            tracing::info!(?identity, ?headers, ?payload, "shown");
            end.reached().await?;
            Ok::<_, BoxError>(Some(payload.0))
        };
        let all = move |events: Publish<Post>| async move {
            tracing::info!(?events, first = ?events.iter().next(), "shown");
            end.reached().await?;
            let outgoing =
                events.iter().map(|event| Outgoing::payload(&event.id, &event.payload.title)).collect::<Vec<_>>();
            tracing::info!(?outgoing, "shown");
            Ok::<_, BoxError>(outgoing)
        };
        let admit = move |channel: Channel, identity: channels::Identity| async move {
            tracing::info!(?channel, ?identity, "shown");
            end.reached().await
        };
        let seen = ServiceBuilder::new()
            .map_request(|call: ChannelCall| {
                tracing::info!(?call, event = ?call.events().first(), "shown");
                call
            })
            .map_response(|response: channels::ChannelResponse| {
                tracing::info!(?response, "shown");
                response
            });
        let handlers = || Handlers::new().publish("/one/*", one).publish_all("/all/*", all).subscribe("/one/*", admit);
        let mut events = Vec::new();
        for identity in identities() {
            for channel in ["/one/room", "/all/room"] {
                let publish = channel_publish(channel).with_id("1", json!({ "id": 7, "title": "a" }));
                let publish = publish.header("authorization", "token").identity(identity.clone());
                events.extend(planted(&publish.event(), end));
            }
            let subscribe = channel_subscribe("/one/room").header("authorization", "token").identity(identity);
            events.extend(planted(&subscribe.event(), end));
        }
        events.extend([json!(SECRET), json!([SECRET]), json!({ SECRET: 1 })]);
        let function = outer!(pilaster::handler(handlers()).layer(seen.clone()));
        keeps_secrets("channels", function, with_context(events)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_authorizers() {
    for end in ENDS {
        let field = move |request: appsync::Authorization| async move {
            tracing::info!(?request, variables = ?request.variables::<Post>().map(drop).map_err(|error| error.to_string()), "shown");
            end.reached().await?;
            let access = appsync::Access::allow().context("token", request.token());
            tracing::info!(?access, "shown");
            Ok::<_, BoxError>(access)
        };
        let channel = move |request: channels::Authorization| async move {
            tracing::info!(?request, "shown");
            end.reached().await?;
            let access = channels::Access::allow().context("token", request.token());
            tracing::info!(?access, "shown");
            Ok::<_, BoxError>(access)
        };
        let request = appsync_authorization("token").operation("Posts", "query { posts }");
        let request = request.header("authorization", "token").variables(json!({ "id": 7 })).event();
        keeps_secrets("authorizer", outer!(pilaster::handler(field)), with_context(planted(&request, end))).await;
        let request = channel_authorization("token").publish("/a/b").header("authorization", "token").event();
        keeps_secrets("channel authorizer", outer!(pilaster::handler(channel)), with_context(planted(&request, end)))
            .await;
    }
}

/// Keeps a note.
#[derive(Deserialize, JsonSchema, Tool)]
#[allow(dead_code)]
struct Note {
    text: String,
    day: u8,
    tags: Option<Vec<String>>,
}

fn tools_of(end: End) -> Tools {
    let note = move |session: Session, caller: tools::Caller, note: Input<Note>| async move {
        tracing::info!(?session, ?caller, ?note, "shown");
        session.set_attribute("note", &note.0.text);
        end.reached().await?;
        let content = Content::text(note.0.text).image("image/png", *b"png");
        tracing::info!(?content, blocks = ?content.blocks(), error = ?ToolError::new("no"), "shown");
        Ok::<_, BoxError>(content)
    };
    Tools::new().add(note)
}

#[tokio::test(start_paused = true)]
async fn of_agents() {
    for end in ENDS {
        let event = bedrock::function("note")
            .parameter("text", "string", "a")
            .parameter("day", "integer", "7")
            .parameter("tags", "array", "[a, b]")
            .attribute("card", "1")
            .prompt_attribute("mood", "well")
            .input_text("a question");
        let seen = ServiceBuilder::new()
            .map_request(|call: tools::Call| {
                tracing::info!(?call, arguments = ?call.arguments(), context = ?call.context(), "shown");
                call
            })
            .map_response(|outcome: Outcome| {
                tracing::info!(?outcome, "shown");
                outcome
            });
        let function = outer!(tools_of(end).for_bedrock().layer(seen.clone()));
        keeps_secrets("function of an agent", function, with_context(planted(&event.event(), end))).await;

        let app = move || {
            let answer = move |session: Session, caller: tools::Caller, _: Request| async move {
                tracing::info!(?session, ?caller, "shown");
                end.reached().await.map_err(HttpError::internal)
            };
            Router::new().route("/notes/{day}", axum::routing::post(answer))
        };
        let event = bedrock::api("POST", "/notes/{day}")
            .parameter("day", "integer", "7")
            .parameter("query", "string", "q")
            .property("text", "string", "a")
            .attribute("card", "1")
            .input_text("a question");
        let events = planted(&event.event(), end);
        keeps_secrets("router of an agent", outer!(pilaster::bedrock::openapi(app())), with_context(events)).await;

        // The secret is in the arguments, and in each value of the client context but the name of the tool.
        let mut events = planted(&json!({ "text": "a", "day": 7, "tags": ["a"] }), end);
        events.extend([json!(SECRET), json!([SECRET])]);
        let mut gateway = agentcore::tool("note");
        let custom = &mut gateway.client_context.as_mut().unwrap().custom;
        custom.insert("bedrockAgentCorePropagatedHeaders".to_owned(), json!({ "authorization": SECRET }).to_string());
        custom.insert(SECRET.to_owned(), SECRET.to_owned());
        let events = events.into_iter().map(|event| (gateway.clone(), event)).collect();
        keeps_secrets("gateway", outer!(tools_of(end).for_agentcore()), events).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_mcp_servers() {
    for end in ENDS {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "client", "version": "1" },
        });
        let arguments = json!({ "text": "a", "day": 7, "tags": ["a"] });
        let message = json!({
            "jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": { "name": "note", "arguments": arguments, "_meta": meta },
        });
        let mut pointers = Vec::new();
        leaves(&message, "", &mut pointers);
        let mut events = Vec::new();
        for pointer in pointers.into_iter().filter(|pointer| matches!(end, End::Well) || pointer.ends_with("/text")) {
            let mut message = message.clone();
            *message.pointer_mut(&pointer).unwrap() = json!(SECRET);
            let request = http::post("/mcp")
                .header("accept", "application/json, text/event-stream")
                .header("authorization", SECRET)
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", "tools/call")
                .header("mcp-name", "note");
            events.push(request.json(message).into_event().unwrap());
        }
        let function = outer!(pilaster::http::service(mcp::Server::new(tools_of(end))));
        keeps_secrets("MCP server", function, with_context(events)).await;
    }
}
