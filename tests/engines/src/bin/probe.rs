//! A function for the tests to run as a built binary: it answers, fails and panics on demand.

use std::time::Duration;

use pilaster::http::{
    self, CorsLayer, HeaderMap, HttpError, IntoResponse, Json, Query, RequestContext, Response, StatusCode, Uri,
};
use pilaster::{Invocation, lambda_handler};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Ask {
    #[serde(default)]
    number: u32,
}

#[lambda_handler(layer = api())]
async fn probe(
    uri: Uri,
    headers: HeaderMap,
    invocation: Invocation,
    context: RequestContext,
    Query(ask): Query<Ask>,
) -> Result<Response, HttpError> {
    let number = ask.number;
    match uri.path() {
        "/panic" => panic!("boom \"{number}\""),
        "/fail" => return Err(std::io::Error::other("db password is hunter2").into()),
        "/missing" => return Err(HttpError::not_found("nobody has this number")),
        "/bare" => return Ok(StatusCode::BAD_GATEWAY.into_response()),
        _ => {}
    }
    tracing::info!(number, "began");
    // Others run meanwhile: nothing of theirs may turn up below.
    for step in 0..3 {
        tokio::time::sleep(Duration::from_millis(u64::from((number * 7 + step) % 5))).await;
        tracing::info!(number, step, "goes on");
    }
    let answer = json!({
        "number": number,
        "request_id": invocation.request_id(),
        "context": context.get::<String>("requestId"),
        "header": headers.get("x-number").and_then(|value| value.to_str().ok()),
        "cold_start": invocation.is_cold_start(),
    });
    Ok(Json(answer).into_response())
}

fn api() -> http::Stack {
    let origin = if std::env::var_os("PROBE_BAD_CORS").is_some() { "*" } else { "https://app.example.com" };
    http::Stack::new().cors(CorsLayer::new().allow_origins([origin]).allow_credentials(true))
}
