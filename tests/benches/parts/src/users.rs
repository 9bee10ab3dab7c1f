//! `POST /users` as rapi-bench's specification has it: a JSON body validated, 201 with CORS, one log line.

use std::convert::Infallible;
use std::io::Write;
use std::time::Instant;

use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, Body, Request, RequestExt, Response};
use lambda_runtime::LambdaEvent;
use pilaster::http::{self, CorsLayer, HttpError, Json, Method, StatusCode, header};
use pilaster::observe::metrics::BuiltIn;
use pilaster::{Metrics, MetricsLayer, RawService, handler};
use serde::{Deserialize, Serialize};
use tower::{Service, ServiceExt, service_fn};

/// An HTTP API's event.
pub const EVENT: &str = include_str!("../events/users.json");

#[derive(Deserialize)]
struct NewUser {
    email: String,
    name: String,
}

impl NewUser {
    fn is_valid(&self) -> bool {
        self.email.contains('@') && self.email.len() <= 254 && !self.name.is_empty() && self.name.len() <= 100
    }
}

#[derive(Serialize)]
struct User {
    id: String,
    email: String,
    name: String,
}

async fn create(
    context: http::RequestContext,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Json<User>), HttpError> {
    if !new.is_valid() {
        return Err(HttpError::unprocessable_entity("invalid user"));
    }
    let id = context.get("requestId").unwrap_or_default();
    tracing::info!(status = 201, "POST /users");
    Ok((StatusCode::CREATED, Json(User { id, email: new.email, name: new.name })))
}

fn stack() -> http::Stack {
    let cors = CorsLayer::new()
        .allow_origins(["https://app.example.com"])
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    http::Stack::new().cors(cors)
}

/// By the whole default stack.
pub fn by_pilaster() -> impl RawService {
    handler(create).layer(stack()).into_service().expect("a service")
}

/// The same with metrics: a count and a duration of its own and the invocation's latency in one blob.
pub fn metered() -> impl RawService {
    async fn measured(
        metrics: Metrics,
        context: http::RequestContext,
        new: Json<NewUser>,
    ) -> Result<(StatusCode, Json<User>), HttpError> {
        let began = Instant::now();
        let created = create(context, new).await?;
        metrics.count("UsersCreated", 1)?;
        metrics.duration("Creation", began.elapsed())?;
        Ok(created)
    }
    let metrics = MetricsLayer::from_env().namespace("Bench").cold_start().built_in(BuiltIn::Latency);
    handler(measured).layer(stack()).outer(metrics).into_service().expect("a service")
}

#[derive(Serialize)]
struct Line<'a> {
    level: &'a str,
    message: &'a str,
    timestamp: &'a str,
    service: &'a str,
    cold_start: bool,
    function_name: &'a str,
    function_arn: &'a str,
    function_request_id: &'a str,
    status: u16,
}

/// The same on `lambda_http` alone: one invocation from text to text.
///
/// # Panics
///
/// If the event is none of `lambda_http`'s.
pub async fn by_hand(event: &str) -> String {
    async fn create(request: Request) -> Result<Response<Body>, Infallible> {
        let id = match request.request_context() {
            RequestContext::ApiGatewayV2(context) => context.request_id.unwrap_or_default(),
            _ => String::new(),
        };
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("access-control-allow-origin", "https://app.example.com");
        let new = match serde_json::from_slice::<NewUser>(request.body()) {
            Ok(new) if new.is_valid() => new,
            _ => return Ok(response.status(422).body(Body::Empty).expect("a response")),
        };
        let context = request.lambda_context();
        let line = Line {
            level: "INFO",
            message: "POST /users",
            timestamp: "2026-03-12T19:03:58.000Z",
            service: "users",
            cold_start: false,
            function_name: "users",
            function_arn: &context.invoked_function_arn,
            function_request_id: &context.request_id,
            status: 201,
        };
        let mut line = serde_json::to_vec(&line).expect("JSON");
        line.push(b'\n');
        let _ = std::io::stdout().write_all(&line);
        let user = User { id, email: new.email, name: new.name };
        Ok(response.status(201).body(Body::Text(serde_json::to_string(&user).expect("JSON"))).expect("a response"))
    }
    let payload = serde_json::from_str::<LambdaRequest>(event).expect("an event");
    let mut function = Adapter::from(service_fn(create));
    let event = LambdaEvent::new(payload, crate::context());
    let Ok(response) = async { function.ready().await?.call(event).await }.await;
    serde_json::to_string(&response).expect("JSON")
}
