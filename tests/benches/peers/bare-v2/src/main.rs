//! `POST /users` on `lambda_runtime` with the typed event of an HTTP API, without `lambda_http`.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::{HeaderMap, HeaderValue};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

async fn create(event: LambdaEvent<ApiGatewayV2httpRequest>) -> Result<ApiGatewayV2httpResponse, Error> {
    let (request, context) = event.into_parts();
    let id = request.request_context.request_id.as_deref().unwrap_or_default();
    let outcome = work::create_user(request.body.as_deref().unwrap_or_default().as_bytes(), id);
    let status = outcome.status();
    let trace = context.xray_trace_id.as_deref().unwrap_or("");
    work::log("POST /users", &context.invoked_function_arn, &context.request_id, trace, status, outcome.error());
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("access-control-allow-origin", HeaderValue::from_static(work::ORIGIN));
    headers.insert("access-control-allow-headers", HeaderValue::from_static("content-type"));
    headers.insert("access-control-allow-methods", HeaderValue::from_static("POST"));
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(status);
    response.headers = headers;
    response.body = Some(Body::Text(String::from_utf8(outcome.body())?));
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(create)).await
}
