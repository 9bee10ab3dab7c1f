//! The service: its routes, and the layers around each of them.

use axum::Router;
use axum::routing::get;
use pilaster::http::header::WWW_AUTHENTICATE;
use pilaster::http::{self, CorsLayer, ErrorLayer, HeaderValue, HttpError, SecurityHeadersLayer};

use crate::api_key::{KeyRejected, RequireKey};
use crate::routes::{create_user, delete_user, get_user, list_users, update_user};
use crate::users::{BadCursor, Contended, EmailTaken, UserNotFound, VersionConflict};

/// All routes, for the function that serves them all.
pub fn app() -> Router {
    Router::new()
        .route("/users", get(list_users).post(create_user))
        .route("/users/{id}", get(get_user).patch(update_user).delete(delete_user))
        .fallback(async || HttpError::not_found("not found; users are under /users"))
        .method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"))
}

/// What goes around every route, whichever function it is in: errors get their status here, since the core has no idea of
/// HTTP.
pub fn api() -> http::Stack {
    let errors = ErrorLayer::new()
        .on::<BadCursor>(400)
        .on_with(|no: &KeyRejected| {
            HttpError::unauthorized(no.to_string()).with_header(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey"))
        })
        .on::<UserNotFound>(404)
        .on::<EmailTaken>(409)
        .on::<VersionConflict>(409)
        .on_with(|_: &Contended| HttpError::service_unavailable("concurrent update").with_retry_after(1));
    http::Stack::new()
        .security_headers(SecurityHeadersLayer::new())
        .cors(CorsLayer::new().allow_origins(["https://*.example.com"]))
        .errors(errors)
        .layer(RequireKey)
}
