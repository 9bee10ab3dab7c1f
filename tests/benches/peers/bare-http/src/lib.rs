//! `POST /users` on `lambda_http`, hand-written in one handler.

use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE,
};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt, Response};

/// Creates the user, logs a line, and responds.
///
/// # Errors
///
/// It is that of a header that is malformed, which none is.
pub async fn create(request: Request) -> Result<Response<Body>, Error> {
    let context = request.lambda_context();
    let id = match request.request_context() {
        RequestContext::ApiGatewayV2(context) => context.request_id.unwrap_or_default(),
        _ => String::new(),
    };
    let outcome = work::create_user(request.body(), &id);
    let status = outcome.status();
    let trace = context.xray_trace_id.as_deref().unwrap_or("");
    work::log("POST /users", &context.invoked_function_arn, &context.request_id, trace, status, outcome.error());
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCESS_CONTROL_ALLOW_ORIGIN, work::ORIGIN)
        .header(ACCESS_CONTROL_ALLOW_HEADERS, "content-type")
        .header(ACCESS_CONTROL_ALLOW_METHODS, "POST")
        .body(Body::Text(String::from_utf8(outcome.body())?))?;
    Ok(response)
}
