//! What Pilaster's layers answer.

use std::any::Any;

use super::Descriptions;
#[cfg(any(feature = "conditional", feature = "rate-limit"))]
use super::Response;
#[cfg(feature = "jwt")]
use super::SecurityScheme;

/// The methods that change a resource.
#[cfg(feature = "conditional")]
const CHANGES: &[&str] = &["put", "patch", "delete"];

/// Adds what one of Pilaster's layers answers. Any other layer is silent: `Stack::openapi` describes it.
pub(crate) fn describe(layer: &dyn Any, descriptions: &mut Descriptions) {
    #[cfg(feature = "negotiation")]
    if layer.is::<crate::http::NegotiationLayer>() {
        descriptions.add(|document| {
            document.problem(406, "None of the accepted media types is available.");
        });
    }
    #[cfg(feature = "rate-limit")]
    if layer.is::<crate::http::RateLimitLayer>() {
        descriptions.add(|document| {
            let response = Response::problem("The quota of the caller is used up.");
            let response = response.header("Retry-After", true, "The seconds after which a request is admitted.");
            document.common(None, "429", response);
        });
    }
    #[cfg(feature = "jwt")]
    if let Some(jwt) = layer.downcast_ref::<crate::http::JwtLayer>() {
        let scopes = jwt.required_scopes().to_vec();
        descriptions.add(move |document| {
            let scopes = scopes.iter().map(String::as_str).collect::<Vec<_>>();
            document.security_scheme(JWT, SecurityScheme::bearer("JWT")).require(JWT, &scopes);
            document.problem(401, "The token is missing or not valid.");
            document.problem(403, "The token lacks a right that this operation needs.");
        });
    }
    let _ = (layer, descriptions);
}

/// The name of the security scheme of tokens that the function verifies.
#[cfg(feature = "jwt")]
pub(super) const JWT: &str = "jwt";

/// Adds what conditional requests are answered.
#[cfg(feature = "conditional")]
pub(crate) fn conditional(descriptions: &mut Descriptions) {
    descriptions.add(|document| {
        document.common(Some(&["get"]), "304", Response::new("The client has the current response."));
        document.common(Some(CHANGES), "412", Response::problem("The resource is not as the request expects it."));
    });
}
