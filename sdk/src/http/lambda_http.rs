//! [`lambda_http`]: runs a handler of the `lambda_http` crate.

use std::collections::HashMap;
use std::convert::Infallible;

use ::lambda_http::{Body as TheirBody, Request as TheirRequest, RequestExt as _};
use axum_core::body::Body;
use axum_core::extract::FromRequestParts as _;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt as _;

use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::function::builder::Function;
use crate::function::handler::{HandlerService, handler};
use crate::http::error::HttpError;
use crate::http::extract::context::{AsInEvent, RequestContext, outside};
use crate::http::function::HttpFunction;
use crate::http::layers::stack::DefaultStack;

/// A handler of the `lambda_http` crate, as a service.
type Adapted = HandlerService<Request<Body>, Response<Body>, Infallible>;

/// Creates a function from a handler of the [`lambda_http`](https://docs.rs/lambda_http) crate, unchanged, so that it runs inside
/// Pilaster's [`Stack`](crate::http::Stack). With feature `lambda-http`.
///
/// The handler gets `lambda_http`'s request: its extension trait `RequestExt` returns the query, the path parameters, the stage
/// variables, the request context and the Lambda context, and `X-Amzn-Trace-Id` is the trace of the invocation. The request differs from the one of `lambda_http::run` in this:
///
/// - The path of its URI has no stage, as with `AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH=true`, and no base path of a custom domain. It is
///   not decoded and resolved a second time. `raw_http_path` and `path_parameters` are those of the event.
/// - The values of a repeated header are all there, and the cookies are one header.
/// - A message of a WebSocket API is a `POST` to its route.
/// - Layers of the stack see the request first, and may have changed it.
///
/// An error of the handler becomes a response by the stack's [`ErrorLayer`](crate::http::ErrorLayer), by default a logged 500
/// without details. With `lambda_http::run` it fails the invocation, for which API Gateway responds with a 502 or 500.
///
/// # Example
///
/// ```no_run
/// use lambda_http::{Error, IntoResponse, Request, RequestExt};
/// use pilaster::http::{self, CorsLayer};
///
/// async fn function_handler(event: Request) -> Result<impl IntoResponse, Error> {
///     let parameters = event.query_string_parameters();
///     Ok(format!("Hello {}", parameters.first("name").unwrap_or("world")))
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     let cors = CorsLayer::new().allow_origins(["https://app.example.com"]);
///     // Before: lambda_http::run(service_fn(function_handler)).await
///     pilaster::run(http::lambda_http(function_handler).layer(http::Stack::new().cors(cors)))
/// }
/// ```
///
/// # Errors
///
/// The response is a 500 if the event's request context does not match the format that AWS documents, and for VPC Lattice 1.0, of
/// which `lambda_http` has no request context.
pub fn lambda_http<F, Fut, R, E>(function: F) -> Function<HttpFunction<Adapted>, DefaultStack>
where
    F: Fn(TheirRequest) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
    R: ::lambda_http::IntoResponse + 'static,
    E: Into<BoxError> + 'static,
{
    handler(move |request: Request<Body>| {
        let function = function.clone();
        async move {
            let request = to_theirs(request).await?;
            let response = match function(request).await {
                Ok(response) => response.into_response(),
                Err(error) => return Err(HttpError::internal(error)),
            };
            Ok(response.await.map(from_theirs))
        }
    })
}

async fn to_theirs(request: Request<Body>) -> Result<TheirRequest, HttpError> {
    let (mut parts, body) = request.into_parts();
    let context = RequestContext::from_request_parts(&mut parts, &()).await?;
    let bytes = body.collect().await.map_err(HttpError::internal)?.to_bytes();
    let event = parts.extensions.remove::<AsInEvent>().ok_or_else(outside)?;
    let body = match String::from_utf8(bytes.into()) {
        Ok(text) if text.is_empty() && !event.had_body => TheirBody::Empty,
        Ok(text) if !event.was_base64 => TheirBody::Text(text),
        Ok(text) => TheirBody::Binary(text.into_bytes()),
        Err(error) => TheirBody::Binary(error.into_bytes()),
    };
    let query = serde_html_form::from_str(parts.uri.query().unwrap_or_default()).map_err(HttpError::internal)?;
    let stage = context.stage_variables();
    let invocation = parts.extensions.get::<Invocation>().map(|invocation| invocation.context().clone());
    let trace = invocation.as_ref().and_then(|context| context.xray_trace_id.as_deref());
    if let Some(trace) = trace.and_then(|trace| HeaderValue::from_str(trace).ok()) {
        parts.headers.insert("x-amzn-trace-id", trace);
    }
    let request = Request::from_parts(parts, body)
        .with_raw_http_path(event.path)
        .with_query_string_parameters(grouped(query))
        .with_path_parameters(grouped(event.path_parameters))
        .with_stage_variables(grouped(stage.to_vec()))
        .with_request_context(context.typed()?);
    Ok(match invocation {
        Some(context) => request.with_lambda_context(context),
        None => request,
    })
}

/// Returns the values of each name.
fn grouped(pairs: Vec<(String, String)>) -> HashMap<String, Vec<String>> {
    pairs.into_iter().fold(HashMap::new(), |mut all, (name, value)| {
        all.entry(name).or_insert_with(Vec::new).push(value);
        all
    })
}

fn from_theirs(body: TheirBody) -> Body {
    match body {
        TheirBody::Text(text) => Body::from(text),
        TheirBody::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    }
}
