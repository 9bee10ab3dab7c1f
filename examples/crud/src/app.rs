//! The service: its routes and layers.

use axum::Router;
use axum::routing::get;
use pilaster::http::header::WWW_AUTHENTICATE;
use pilaster::http::{self, CorsLayer, ErrorLayer, HeaderValue, HttpError, SecurityHeadersLayer};

use crate::api_key::{KeyRejected, RequireKey};
use crate::routes::{create_user, delete_user, get_user, list_users, update_user};
use crate::users::{ConcurrentUpdate, EmailTaken, InvalidCursor, UserNotFound, VersionConflict};

/// Returns the router with all routes, for the function that serves them all.
pub fn app() -> Router {
    Router::new()
        .route("/users", get(list_users).post(create_user))
        .route("/users/{id}", get(get_user).patch(update_user).delete(delete_user))
        .fallback(async || HttpError::not_found("not found"))
        .method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"))
}

/// Returns the layers around every route, in either deployment. Errors are mapped to statuses here, since the core does
/// not depend on HTTP.
pub fn api() -> http::Stack {
    let errors = ErrorLayer::new()
        .on::<InvalidCursor>(400)
        .on_with(|error: &KeyRejected| {
            HttpError::unauthorized(error.to_string()).with_header(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"))
        })
        .on::<UserNotFound>(404)
        .on::<EmailTaken>(409)
        .on::<VersionConflict>(409)
        .on_with(|_: &ConcurrentUpdate| {
            HttpError::service_unavailable("concurrent update, try again").with_retry_after(1)
        });
    http::Stack::new()
        .security_headers(SecurityHeadersLayer::new())
        .cors(CorsLayer::new().allow_origins(["https://*.example.com"]))
        .errors(errors)
        .layer(RequireKey)
}
