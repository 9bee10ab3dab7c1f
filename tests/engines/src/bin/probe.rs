//! A function for the tests to run as a built binary: it responds, fails and panics on demand, alone or eight at once.

use std::sync::LazyLock;
use std::time::Duration;

use pilaster::http::{self, CorsLayer, HttpError, Json, Query, Request, RequestContext};
use pilaster::{BoxError, Client, Clients, FromClients, Invocation, lambda_handler};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tower::util::MapRequestLayer;
use tracing::Instrument;

/// The barrier for requests that ask for it: none goes on before eight have arrived.
static MEETING: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(8));

#[derive(Deserialize)]
struct Ask {
    #[serde(default)]
    number: u32,
    #[serde(default)]
    meet: bool,
}

/// The value that a layer puts into a request's extensions.
#[derive(Clone)]
struct Tag(String);

#[derive(Debug, thiserror::Error)]
#[error("number {0} was not saved")]
struct NotSaved(u32, #[source] std::io::Error);

/// A client that panics on request when it is made.
#[derive(Clone)]
struct Moody;

impl FromClients for Moody {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        assert!(std::env::var_os("PROBE_MOODY").is_none(), "not in the mood");
        Ok(Self)
    }
}

#[lambda_handler(layer = api(), warm(Client<Moody>))]
async fn probe(
    invocation: Invocation,
    context: RequestContext,
    Query(ask): Query<Ask>,
    request: Request,
) -> Result<Json<Value>, HttpError> {
    let number = ask.number;
    work(&ask).instrument(tracing::info_span!("work", owner = number)).await;
    match request.uri().path() {
        "/panic" => panic!("boom \"{number}\""),
        "/large" => return Ok(Json("x".repeat(7 * 1024 * 1024).into())),
        "/fail" => return Err(NotSaved(number, std::io::Error::other("db password is hunter2")).into()),
        _ => {}
    }
    Ok(Json(json!({
        "number": number,
        "request_id": invocation.request_id(),
        "context": context.get::<String>("requestId"),
        "header": request.headers().get("x-number").and_then(|value| value.to_str().ok()),
        "extension": request.extensions().get::<Tag>().map(|tag| &tag.0),
        "cold_start": invocation.is_cold_start(),
        "has_deadline": invocation.deadline().is_some(),
    })))
}

/// Others run meanwhile: nothing of theirs may turn up in these lines or after them.
async fn work(ask: &Ask) {
    let number = ask.number;
    tracing::info!(number, "began");
    if ask.meet {
        MEETING.wait().await;
    }
    for step in 0..3 {
        tracing::info!(number, step, "goes on");
        tokio::time::sleep(Duration::from_millis(u64::from((number * 7 + step) % 5))).await;
    }
}

type Tagging = MapRequestLayer<fn(Request) -> Request>;

fn api() -> http::Stack {
    let origin = if std::env::var_os("PROBE_BAD_CORS").is_some() { "*" } else { "https://app.example.com" };
    http::Stack::new().cors(CorsLayer::new().allow_origins([origin]).allow_credentials(true)).layer(Tagging::new(tag))
}

fn tag(mut request: Request) -> Request {
    let number = request.headers().get("x-number").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tag = Tag(format!("tag-{number}"));
    request.extensions_mut().insert(tag);
    request
}
