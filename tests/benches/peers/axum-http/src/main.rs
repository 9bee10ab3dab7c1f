//! `POST /users` by what is usually assembled without Pilaster: axum on `lambda_http`, CORS and traces of tower-http, JSON lines of
//! tracing-subscriber.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderValue, Method, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::post};
use lambda_http::request::RequestContext;
use lambda_http::{Error, RequestExt};
use serde::{Deserialize, Serialize};
use tower_http::cors::CorsLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, error, info, info_span};

#[derive(Deserialize)]
struct NewUser {
    email: String,
    name: String,
}

#[derive(Serialize)]
struct User {
    id: String,
    email: String,
    name: String,
}

enum ApiError {
    Invalid(&'static str),
    Internal(String),
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            ApiError::Invalid(f) => (StatusCode::UNPROCESSABLE_ENTITY, format!("invalid {f}")),
            ApiError::Internal(e) => {
                error!(error = e, "handler failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error".into())
            }
        };
        (status, Json(serde_json::json!({ "message": message }))).into_response()
    }
}

struct GatewayRequestId(String);

impl<S: Sync> FromRequestParts<S> for GatewayRequestId {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let id = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(c)) => c.request_id.clone().unwrap_or_default(),
            _ => String::new(),
        };
        Ok(GatewayRequestId(id))
    }
}

async fn create(GatewayRequestId(id): GatewayRequestId, Json(u): Json<NewUser>) -> Result<Response, ApiError> {
    if !u.email.contains('@') || u.email.len() > 254 {
        return Err(ApiError::Invalid("email"));
    }
    if u.name.is_empty() || u.name.len() > 100 {
        return Err(ApiError::Invalid("name"));
    }
    if u.email == "boom@example.com" {
        return Err(ApiError::Internal("db password is hunter2".into()));
    }
    let user = User { id, email: u.email, name: u.name };
    Ok((StatusCode::CREATED, Json(user)).into_response())
}

static COLD: AtomicBool = AtomicBool::new(true);

fn span(req: &Request) -> Span {
    let ctx = req.lambda_context();
    info_span!(
        "request",
        service = "users",
        cold_start = COLD.swap(false, Ordering::Relaxed),
        function_name = ctx.env_config.function_name,
        function_memory_size = ctx.env_config.memory,
        function_arn = ctx.invoked_function_arn,
        function_request_id = ctx.request_id,
        xray_trace_id = ctx.xray_trace_id.as_deref().unwrap_or(""),
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .with_target(false)
        .with_current_span(true)
        .with_span_list(false)
        .init();
    let cors = CorsLayer::new()
        .allow_origin(HeaderValue::from_static("https://app.example.com"))
        .allow_headers([header::CONTENT_TYPE])
        .allow_methods([Method::POST]);
    let trace = TraceLayer::new_for_http().make_span_with(span).on_request(()).on_response(
        |r: &Response, d: Duration, _: &Span| {
            info!(status = r.status().as_u16(), us = d.as_micros() as u64, "POST /users")
        },
    );
    let app = Router::new().route("/users", post(create)).layer(cors).layer(trace);
    lambda_http::run(app).await
}
