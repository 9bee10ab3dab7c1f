//! The service: its routes and layers.

#[cfg(debug_assertions)]
use pilaster::http::openapi_viewer::{OpenApiViewerLayer, Viewer};
use pilaster::http::{self, ErrorLayer, HttpError, SecurityHeadersLayer, StatusCode};
#[cfg(feature = "aws")]
use pilaster::openapi::SecurityScheme;
use pilaster::{Client, IntoService};

use crate::routes::{create_user, delete_user, get_user, list_users, update_user};
use crate::store::Users;
use crate::users::Refused;

/// Returns the function that serves all routes: in template.yaml, it gets every path.
pub fn service() -> impl IntoService {
    let routes = http::routes![create_user, list_users, get_user, update_user, delete_user];
    let service = http::service(routes).layer(api()).warm::<Client<Users>>();
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
    // Debug builds alone: a deployed function has no page.
    #[cfg(debug_assertions)]
    let stack = stack.openapi_viewer(
        OpenApiViewerLayer::new(include_str!("../openapi.json"))
            .page("/docs", Viewer::swagger_ui())
            .page("/reference", Viewer::scalar()),
    );
    #[cfg(feature = "aws")]
    let stack = stack.layer(http::from_fn(crate::api_key::require_key)).openapi(|document| {
        let scheme =
            SecurityScheme::key_in_header("x-api-key").description("A key of the secret that API_KEY_SECRET names.");
        document.security_scheme("apiKey", scheme).require("apiKey", &[]);
        document.problem(401, "The API key is missing or not valid.");
    });
    stack
}
