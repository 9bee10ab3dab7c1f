//! What Pilaster's layers add to a document: the statuses of their own below 500, which `default` has otherwise, and the
//! parameters that they read.

use std::any::Any;

use crate::core::descriptions::Descriptions;
use crate::http::layers::error_layer::ErrorLayer;
use crate::http::layers::partial_response::PartialResponseLayer;
#[cfg(any(feature = "idempotency", feature = "rate-limit"))]
use crate::openapi::Response;
use crate::openapi::{Document, Methods, Parameter};

/// Adds what one of Pilaster's layers answers. Any other layer is silent: `Stack::openapi` describes it.
pub(crate) fn describe(layer: &dyn Any, descriptions: &mut Descriptions) {
    if let Some(errors) = layer.downcast_ref::<ErrorLayer>() {
        errors.describe(descriptions);
    }
    if let Some(partial) = layer.downcast_ref::<PartialResponseLayer>() {
        let name = partial.name();
        descriptions.add(move |document: &mut Document| {
            let text = "The parts of the response that are sent, such as `name,address/city`.";
            let schema = schemars::json_schema!({ "type": "string" });
            document.common_parameter(&Methods::All, Parameter::query(name, schema).or_empty().description(text));
            document.problem(400, &format!("`{name}` is not valid."));
        });
    }
    #[cfg(feature = "conditional")]
    if layer.is::<super::conditional::ConditionalLayer>() {
        conditional(descriptions);
    }
    #[cfg(feature = "idempotency")]
    if let Some(layer) = layer.downcast_ref::<crate::idempotency::IdempotencyLayer>() {
        idempotency(layer, descriptions);
    }
    #[cfg(feature = "json-schema")]
    if layer.downcast_ref::<crate::json_schema::SchemaLayer>().is_some_and(|layer| layer.checks_incoming()) {
        descriptions.add(|document: &mut Document| {
            let problems = [
                (400, "The body is not JSON."),
                (413, "The body is too large."),
                (415, "The media type or the encoding of the body is not supported."),
                (422, "The body does not match the schema."),
            ];
            for (status, text) in problems {
                document.common_problem(&Methods::AllBut("get"), status, text);
            }
        });
    }
    #[cfg(feature = "negotiation")]
    if layer.downcast_ref::<super::negotiation::NegotiationLayer>().is_some_and(|layer| layer.may_refuse()) {
        descriptions.add(|document: &mut Document| {
            document.problem(406, "None of the accepted media types is available.");
        });
    }
    #[cfg(feature = "rate-limit")]
    if layer.is::<super::rate_limit::RateLimitLayer>() {
        descriptions.add(|document: &mut Document| {
            let response = Response::problem("The quota of the caller is used up.");
            let response = response.header("Retry-After", true, "The seconds after which a request is admitted.");
            document.common(&Methods::All, "429", response);
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
}

/// Adds what conditional requests are answered.
#[cfg(feature = "conditional")]
fn conditional(descriptions: &mut Descriptions) {
    descriptions.add(|document: &mut Document| {
        let reads = Methods::of(["get"]);
        document.common(&reads, "304", crate::openapi::Response::new("The client has the current response."));
        document.common_problem(&reads, 412, "The resource is not as the request expects it.");
    });
}

/// Adds the key, and what a request without it or with one in use is answered.
#[cfg(feature = "idempotency")]
fn idempotency(layer: &crate::idempotency::IdempotencyLayer, descriptions: &mut Descriptions) {
    let methods = Methods::of(layer.idempotent_methods().iter().map(|method| method.as_str().to_ascii_lowercase()));
    let (header, is_required) = (layer.key_header(), layer.idempotency.requires_key());
    descriptions.add(move |document: &mut Document| {
        if let Some(header) = &header {
            let schema = schemars::json_schema!({ "type": "string" });
            let text = "The key of the request: a repeated request with the same key takes effect once.";
            let parameter = Parameter::header(header_name(header.as_str()), schema).description(text);
            document.common_parameter(&methods, if is_required { parameter.required() } else { parameter });
        }
        document.common_problem(&methods, 400, "The idempotency key is missing or not valid.");
        let in_use = Response::problem("A request with the same idempotency key is in progress.");
        let in_use = in_use.header("Retry-After", true, "The seconds after which to ask again.");
        document.common(&methods, "409", in_use);
        document.common_problem(&methods, 422, "The idempotency key was used with another payload.");
    });
}

/// Writes the name of a header as documents do: `Idempotency-Key`.
#[cfg(feature = "idempotency")]
fn header_name(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}
