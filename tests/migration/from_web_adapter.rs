//! From the Lambda Web Adapter. Before the move, the router gets the request that the adapter's documentation describes, in this process.

#[rustfmt::skip] // Formatted for the width of the page.
#[path = "web-adapter/after.rs"]
mod after;
#[rustfmt::skip] // Formatted for the width of the page.
#[path = "web-adapter/before.rs"]
mod before;

use std::panic::AssertUnwindSafe;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Response, Uri, header};
use futures_util::FutureExt as _;
use lambda_http::{RequestExt as _, service_fn};
use pilaster::http;
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;
use serde_json::Value;
use tower::ServiceExt as _;

use super::case::Case;
use super::meaning::Outcome;
use super::page::Page;
use super::{differences, http_event, peer, tables};

/// `AWS_LWA_REMOVE_BASE_PATH`.
const BASE_PATH: &str = "/shop";

/// Responds to a request as the adapter 1.0.0 does: it sends the application a request with the path of the event, without the base path,
/// with the two contexts and the tenant in headers, and returns the response without `Transfer-Encoding`.
async fn adapter(request: lambda_http::Request) -> Result<Response<Body>, lambda_http::Error> {
    let (context, invocation) = (request.request_context(), request.lambda_context());
    let path = request.raw_http_path().trim_start_matches(BASE_PATH).to_owned();
    let (mut parts, body) = request.into_parts();
    let json = |value: serde_json::Result<String>| -> Result<HeaderValue, lambda_http::Error> { Ok(value?.parse()?) };
    parts.headers.insert("x-amzn-request-context", json(serde_json::to_string(&context))?);
    parts.headers.insert("x-amzn-lambda-context", json(serde_json::to_string(&invocation))?);
    if let Some(tenant) = invocation.tenant_id.as_deref().and_then(|tenant| tenant.parse().ok()) {
        parts.headers.insert("x-amz-tenant-id", tenant);
    }
    let query =
        parts.uri.query().filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default();
    parts.uri = format!("/{}{query}", path.trim_start_matches('/')).parse::<Uri>()?;
    let mut response = before::app().oneshot(Request::from_parts(parts, Body::from(body.to_vec()))).await?;
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    Ok(response)
}

/// Responds to any other event as the adapter does: it posts the event to `/events`, and returns the body of the response.
async fn pass_through(event: &Value) -> Outcome {
    let request =
        Request::post("/events").header(header::CONTENT_TYPE, "application/json").body(Body::from(event.to_string()));
    let response = AssertUnwindSafe(before::app().oneshot(request.unwrap())).catch_unwind().await.unwrap().unwrap();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Outcome { result: Ok(serde_json::from_slice(&body).unwrap_or_default()), lines: Vec::new() }
}

#[tokio::test]
async fn the_routes_behave_alike_except_for_the_traps_of_the_page() {
    let page = Page::read("from-web-adapter.md");
    let cases = Case::all("web-adapter");
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for case in &cases {
        let metrics = CapturedMetrics::default();
        match case.function.as_str() {
            "app" => {
                before.push(http_event::call(service_fn(adapter), &case.event).await);
                let caller = Caller::new(http::service(after::app()).layer(after::api()));
                after.push(peer::pilaster(caller, &metrics, &case.event).await);
            }
            "ship" => {
                before.push(pass_through(&case.event).await);
                let caller = Caller::new(after::queue::ship::function());
                after.push(peer::pilaster(caller, &metrics, &case.event).await);
            }
            other => panic!("there is no function {other}"),
        }
    }
    differences::check("web-adapter", &[page], &cases, &before, &after);
}

#[test]
fn the_page_shows_the_code_that_runs() {
    let page = Page::read("from-web-adapter.md");
    page.has_difference_of("web-adapter/before.rs", "web-adapter/after.rs");
    page.has_code_of("rust", "web-adapter/after.rs");
}

#[test]
fn each_variable_of_the_adapter_has_a_row() {
    tables::have_rows(&[Page::read("from-web-adapter.md")], &tables::listed("web-adapter"));
}
