//! `POST /users` as the suite `http` has it: see `tests/benches/suites/http.toml`.

use pilaster::http::{self, CorsLayer, HttpError, Json, Method, RequestContext, StatusCode, header};
#[cfg(feature = "openapi")]
use pilaster::openapi::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The requested user.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(JsonSchema), schemars(crate = "pilaster::openapi::schemars"))]
pub struct NewUser {
    email: String,
    name: String,
}

/// The created user.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(JsonSchema), schemars(crate = "pilaster::openapi::schemars"))]
pub struct User {
    id: String,
    email: String,
    name: String,
}

/// Validates, logs a line, and responds.
///
/// # Errors
///
/// It is none, or the one that shall fail.
pub fn create(context: &RequestContext, new: NewUser) -> Result<(StatusCode, Json<User>), HttpError> {
    if !new.email.contains('@') || new.email.len() > 254 {
        return Err(HttpError::unprocessable_entity("invalid email"));
    }
    if new.name.is_empty() || new.name.len() > 100 {
        return Err(HttpError::unprocessable_entity("invalid name"));
    }
    if new.email == "boom@example.com" {
        return Err(HttpError::internal("db password is hunter2"));
    }
    let id = context.get("requestId").unwrap_or_default();
    tracing::info!(status = 201, "POST /users");
    Ok((StatusCode::CREATED, Json(User { id, email: new.email, name: new.name })))
}

/// The whole default stack with CORS.
pub fn api() -> http::Stack {
    let cors = CorsLayer::new()
        .allow_origins(["https://app.example.com"])
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    http::Stack::new().cors(cors)
}
