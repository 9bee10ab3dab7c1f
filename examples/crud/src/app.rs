//! The service: its routes and layers.

use axum::Router;
use axum::routing::get;
use pilaster::http::{self, ErrorLayer, HttpError, SecurityHeadersLayer, StatusCode};
use pilaster::{Client, IntoService};

use crate::routes::{create_user, delete_user, get_user, list_users, update_user};
use crate::store::Users;
use crate::users::Refused;

/// Returns the function that serves all routes: in template.yaml, it gets every path.
pub fn service() -> impl IntoService {
    let router = Router::new()
        .route("/users", get(list_users).post(create_user))
        .route("/users/{id}", get(get_user).patch(update_user).delete(delete_user))
        .fallback(async || HttpError::not_found("not found"))
        .method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"));
    let service = http::service(router).layer(api()).warm::<Client<Users>>();
    #[cfg(feature = "aws")]
    let service = service.warm::<Client<crate::api_key::Keys>>();
    service
}

/// Returns the layers around every route, in either deployment. There is no CORS, since a browser cannot keep an API key.
///
/// The SDK answers 503 if DynamoDB throttles a request, and if too many requests change the same items.
pub fn api() -> http::Stack {
    let errors = ErrorLayer::new().on_with(|refused: &Refused| {
        let status = match refused {
            Refused::NotFound => StatusCode::NOT_FOUND,
            Refused::EmailTaken | Refused::VersionConflict => StatusCode::CONFLICT,
        };
        HttpError::new(status, refused.to_string())
    });
    let stack = http::Stack::new().security_headers(SecurityHeadersLayer::new()).errors(errors);
    #[cfg(feature = "aws")]
    let stack = stack.layer(http::from_fn(crate::api_key::require_key));
    stack
}
