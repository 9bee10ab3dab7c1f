//! Calls a service as `lambda_http::run` does: from the event to the response.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, IntoResponse, LambdaEvent, Request, Service};
use serde_json::Value;
use tower::ServiceExt as _;

use super::meaning::Outcome;
use super::peer;

/// Calls the service. An error or a panic fails the invocation.
pub(crate) async fn call<S, R, E>(service: S, event: &Value) -> Outcome
where
    S: Service<Request, Response = R, Error = E>,
    S::Future: Send + 'static,
    R: IntoResponse,
    E: std::fmt::Debug,
{
    let event: LambdaRequest = serde_json::from_value(event.clone()).expect("an event of a request");
    let event = LambdaEvent::new(event, peer::context());
    let call = AssertUnwindSafe(Adapter::from(service).oneshot(event)).catch_unwind();
    let result = match call.await {
        Ok(Ok(response)) => Ok(serde_json::to_value(response).expect("JSON")),
        Ok(Err(error)) => Err(format!("{error:?}")),
        Err(_) => Err("a panic".to_owned()),
    };
    Outcome { result, lines: Vec::new() }
}
