//! What Pilaster's layers answer.

use std::any::Any;

use crate::core::descriptions::Descriptions;
#[cfg(any(feature = "conditional", feature = "jwt", feature = "negotiation", feature = "rate-limit"))]
use crate::openapi::Document;
#[cfg(any(feature = "conditional", feature = "rate-limit"))]
use crate::openapi::Response;

/// Adds what one of Pilaster's layers answers. Any other layer is silent: `Stack::openapi` describes it.
pub(crate) fn describe(layer: &dyn Any, descriptions: &mut Descriptions) {
    #[cfg(feature = "negotiation")]
    if layer.is::<super::negotiation::NegotiationLayer>() {
        descriptions.add(|document: &mut Document| {
            document.problem(406, "None of the accepted media types is available.");
        });
    }
    #[cfg(feature = "rate-limit")]
    if layer.is::<super::rate_limit::RateLimitLayer>() {
        descriptions.add(|document: &mut Document| {
            let response = Response::problem("The quota of the caller is used up.");
            let response = response.header("Retry-After", true, "The seconds after which a request is admitted.");
            document.common(None, "429", response);
        });
    }
    #[cfg(feature = "jwt")]
    if let Some(jwt) = layer.downcast_ref::<super::jwt::JwtLayer>() {
        let scopes = jwt.required_scopes().to_vec();
        descriptions.add(move |document: &mut Document| {
            document.require_token(scopes.clone());
            document.problem(401, "The token is missing or not valid.");
            document.problem(403, "The token lacks a right that this operation needs.");
        });
    }
    let _ = (layer, descriptions);
}

/// Adds what conditional requests are answered.
#[cfg(feature = "conditional")]
pub(crate) fn conditional(descriptions: &mut Descriptions) {
    descriptions.add(|document: &mut Document| {
        document.common(Some(&["get"]), "304", Response::new("The client has the current response."));
        document.common(Some(&["get"]), "412", Response::problem("The resource is not as the request expects it."));
    });
}
