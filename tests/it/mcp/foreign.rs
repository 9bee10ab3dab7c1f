//! The service of another crate beside `mcp::Server`, for resources and prompts: `rmcp` in the router of an HTTP function,
//! as the page `mcp.md` of the guide documents it.

use std::time::Duration;

use pilaster::RawService;
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::http::{Request, TestResponse};
use pilaster::testing::{Caller, mcp as messages};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, JsonObject, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    Resource, ResourceContents, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

// guide: settings
use std::sync::Arc;

use axum::Router;
use pilaster::http::{self, Stack};
use pilaster::mcp;
use pilaster::tools::{Tools, tool};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};

/// A server of a resource and a tool.
#[derive(Clone)]
struct Library;

/// The settings without which rmcp does not work on Lambda.
fn settings() -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts()
}

type Service = StreamableHttpService<Library, NeverSessionManager>;

fn library(settings: StreamableHttpServerConfig) -> Service {
    let sessions = Arc::new(NeverSessionManager::default());
    StreamableHttpService::new(|| Ok(Library), sessions, settings)
}
// guide: end

const REVISIONS: [&str; 2] = ["2026-07-28", "2025-11-25"];
const HANDBOOK: &str = "docs://handbook";

impl ServerHandler for Library {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_resources().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = JsonObject::from_iter([("type".to_owned(), "object".into())]);
        Ok(ListToolsResult::with_all_items(vec![Tool::new("lend", "Lends a book.", schema)]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match &*request.name {
            "lend" => Ok(CallToolResult::success(vec![ContentBlock::text("lent")]).into()),
            "panic" => panic!("the shelf is on fire"),
            "late" => std::future::pending().await,
            _ => Err(ErrorData::invalid_params("no such tool", None)),
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(vec![Resource::new(HANDBOOK, "handbook")]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(ReadResourceResult::new(vec![ResourceContents::text("Knock first.", request.uri)]).into())
    }
}

/// Adds two numbers.
#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Panics.
#[tool]
async fn burn() -> String {
    panic!("the oven is on fire")
}

fn caller(settings: StreamableHttpServerConfig) -> Caller<impl RawService> {
    // guide: router
    let own = mcp::Server::new(Tools::new().add(add::tool()).add(burn::tool()));
    let router = Router::new().route_service("/mcp", own);
    let router = router.route_service("/library", library(settings));
    let function = http::service(router).layer(Stack::new());
    // guide: end
    Caller::new(function).with_time_left(Duration::from_secs(3))
}

/// Calls the function as a function URL does, whose host is not this machine.
async fn sent<R: RawService>(caller: &Caller<R>, request: impl Into<Request>) -> TestResponse {
    let request: Request = request.into();
    let host = "abcdefghij.lambda-url.eu-central-1.on.aws";
    let mut event = request.header("host", host).into_event().unwrap();
    event["requestContext"]["domainName"] = host.into();
    event["requestContext"]["domainPrefix"] = "abcdefghij".into();
    TestResponse::try_from(caller.call(event).await.unwrap()).unwrap()
}

async fn result<R: RawService>(caller: &Caller<R>, message: messages::Message) -> Value {
    let response = sent(caller, message).await;
    assert_eq!((response.status(), response.header("content-type")), (200, Some("application/json")), "{response:?}");
    messages::result(&response).unwrap_or_else(|| panic!("{response:?}"))
}

#[tokio::test]
async fn rmcp_serves_a_resource_and_a_tool_beside_our_server() {
    let caller = caller(settings());
    for revision in REVISIONS {
        let library = |message: messages::Message| message.path("/library").revision(revision);
        let tools = result(&caller, library(messages::list())).await;
        assert_eq!(tools["tools"][0]["name"], "lend");
        let lent = result(&caller, library(messages::call("lend"))).await;
        assert_eq!(lent["content"][0]["text"], "lent");
        let resources = result(&caller, library(messages::message("resources/list", json!({})))).await;
        assert_eq!(resources["resources"][0]["uri"], HANDBOOK);
        let read = library(messages::message("resources/read", json!({ "uri": HANDBOOK })));
        assert_eq!(result(&caller, read).await["contents"][0]["text"], "Knock first.");

        let tools = result(&caller, messages::list().revision(revision)).await;
        assert_eq!(tools["tools"][0]["name"], "add");
        let sum = result(&caller, messages::call("add").argument("a", 1).argument("b", 2).revision(revision)).await;
        assert_eq!(sum["structuredContent"], json!({ "result": 3 }));
    }
    let begun = result(&caller, messages::initialize().path("/library")).await;
    assert_eq!(begun["protocolVersion"], "2025-11-25");
    assert!(begun["capabilities"].get("resources").is_some());
    let ready = messages::message("notifications/initialized", json!({})).id(None).revision("2025-11-25");
    assert_eq!(sent(&caller, ready.path("/library")).await.status(), 202);
}

#[tokio::test]
async fn the_three_settings_and_the_allowed_origins_are_needed() {
    let read = || messages::message("resources/read", json!({ "uri": HANDBOOK })).path("/library");
    // The hosts of this machine alone are allowed by default.
    let hosts = StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    assert_eq!(sent(&caller(hosts), read()).await.status(), 403);
    // By default, an answer is a stream of events.
    let stream = StreamableHttpServerConfig::default().with_legacy_session_mode(false).disable_allowed_hosts();
    let streamed = sent(&caller(stream), read()).await;
    assert_eq!(streamed.header("content-type"), Some("text/event-stream"));
    // By default, an older client gets a session, which no other sandbox knows.
    let sessions = StreamableHttpServerConfig::default().with_json_response(true).disable_allowed_hosts();
    let refused = sent(&caller(sessions), messages::initialize().path("/library")).await;
    assert!(!refused.status().to_string().starts_with('2'), "{refused:?}");

    // Its check of `Origin` is off by default, and ours is on.
    let evil = |message: messages::Message| message.request().header("origin", "https://evil.example");
    assert_eq!(sent(&caller(settings()), evil(read())).await.status(), 200);
    assert_eq!(sent(&caller(settings()), evil(messages::list())).await.status(), 403);
    let checked = settings().with_allowed_origins(["https://app.example"]).enforce_origin_validation();
    let caller = caller(checked);
    assert_eq!(sent(&caller, evil(read())).await.status(), 403);
    assert_eq!(sent(&caller, read().request().header("origin", "https://app.example")).await.status(), 200);
    assert_eq!(sent(&caller, read()).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_tool_of_rmcp_is_answered_at_the_deadline_alone() {
    let logs = CapturedLogs::default();
    let caller = caller(settings()).with_logs(&logs);
    for revision in REVISIONS {
        let ours = sent(&caller, messages::call("burn").revision(revision)).await;
        let (is_error, text) = messages::text(&ours).unwrap();
        assert!(is_error && text.starts_with("internal error"), "{text}");
        // The task of rmcp ends without an answer, for which its service then waits.
        for name in ["panic", "late"] {
            let start = tokio::time::Instant::now();
            let theirs = sent(&caller, messages::call(name).path("/library").revision(revision)).await;
            assert_eq!((theirs.status(), messages::result(&theirs)), (504, None), "{theirs:?}");
            assert_eq!(start.elapsed(), Duration::from_millis(2_750), "{name}");
            assert!(!theirs.text().contains("on fire"));
        }
    }
    let lines = logs.lines();
    let of_rmcp = lines.iter().find(|line| line["message"] == "Service initialized as server");
    assert_eq!(of_rmcp, None, "it logs a line at INFO for each request");
}
