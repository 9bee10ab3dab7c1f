//! The parts of requests: extractors.

mod fields;

use schemars::JsonSchema;
#[cfg(any(feature = "conditional", feature = "multipart", feature = "typed-header"))]
use schemars::json_schema;

use self::fields::{path, query};
use crate::http::{Claims, Json, Path, Query};
#[cfg(any(feature = "conditional", feature = "typed-header"))]
use crate::openapi::Parameter;
use crate::openapi::{Operation, OperationPart, Response};

/// What an extractor of a body answers to one that it cannot read.
fn rejections_of_body(operation: &mut Operation<'_>, malformed: Option<&str>) {
    if let Some(malformed) = malformed {
        operation.problem(400, malformed);
    }
    operation.problem(413, "The body is too large.");
    operation.problem(415, "The media type or the encoding of the body is not supported.");
    operation.problem(422, "The body does not match the schema.");
}

impl<T: JsonSchema> OperationPart for Json<T> {
    fn request(operation: &mut Operation<'_>) {
        let schema = operation.request_schema::<T>();
        operation.request_body("application/json", schema, true);
        rejections_of_body(operation, Some("The body is not JSON."));
    }

    fn response(operation: &mut Operation<'_>) {
        let schema = operation.response_schema::<T>();
        operation.response("200", Response::new("Success.").content("application/json", schema));
    }
}

impl<T: JsonSchema> OperationPart for Query<T> {
    fn request(operation: &mut Operation<'_>) {
        query::<T>(operation);
        operation.problem(400, "A parameter of the query string is not valid.");
    }
}

impl<T: JsonSchema> OperationPart for Path<T> {
    fn request(operation: &mut Operation<'_>) {
        path::<T>(operation);
        operation.problem(400, "A parameter of the path is not valid.");
    }
}

#[cfg(feature = "form")]
impl<T: JsonSchema> OperationPart for crate::http::Form<T> {
    fn request(operation: &mut Operation<'_>) {
        if operation.method() == "GET" {
            query::<T>(operation);
            operation.problem(400, "A parameter of the query string is not valid.");
            return;
        }
        let schema = operation.request_schema::<T>();
        operation.request_body("application/x-www-form-urlencoded", schema, true);
        rejections_of_body(operation, None);
    }
}

#[cfg(feature = "multipart")]
impl OperationPart for crate::http::Multipart {
    fn request(operation: &mut Operation<'_>) {
        operation.request_body("multipart/form-data", json_schema!({ "type": "object" }), true);
        operation.problem(400, "The body is not a form.");
        operation.problem(413, "The body is too large.");
        operation.problem(415, "The media type of the body is not supported.");
    }
}

#[cfg(feature = "validate")]
impl<E: OperationPart> OperationPart for crate::http::Valid<E> {
    /// A value that breaks a rule has the status of one that does not match the schema.
    fn request(operation: &mut Operation<'_>) {
        E::request(operation);
    }

    fn response(operation: &mut Operation<'_>) {
        E::response(operation);
    }
}

#[cfg(feature = "typed-header")]
impl<H: crate::http::headers::Header> OperationPart for crate::http::TypedHeader<H> {
    fn request(operation: &mut Operation<'_>) {
        let name = H::name().as_str();
        // The document may not have these three as parameters: they belong to the body and to the security.
        if !["accept", "content-type", "authorization"].contains(&name) {
            operation.parameter(Parameter::header(name, json_schema!({ "type": "string" })).required());
        }
        let text = json_schema!({ "type": "string" });
        let response = Response::new(format!("The header `{name}` is missing or not valid."));
        operation.response("400", response.content("text/plain; charset=utf-8", text));
    }
}

impl<T> OperationPart for Claims<T> {
    fn request(operation: &mut Operation<'_>) {
        operation.problem(401, "The caller is not authenticated.");
        operation.problem(403, "The token lacks a claim that this operation needs.");
    }
}

#[cfg(feature = "jwt")]
impl<T> OperationPart for crate::http::Jwt<T> {
    fn request(operation: &mut Operation<'_>) {
        operation.jwt = Some(true);
        operation.problem(401, "The token is missing or not valid.");
        operation.problem(403, "The token lacks a claim that this operation needs.");
    }
}

/// What the preconditions are is only known when the handler checks them.
#[cfg(feature = "conditional")]
impl OperationPart for crate::http::Preconditions {
    fn request(operation: &mut Operation<'_>) {
        for (name, text) in [
            ("If-Match", "The `ETag` of the resource that the client knows."),
            ("If-None-Match", "`*`: there is no such resource yet."),
        ] {
            let schema = json_schema!({ "type": "string" });
            operation.parameter(Parameter::header(name, schema).description(text));
        }
        operation.problem(412, "The resource is not as the request expects it.");
        operation.problem(428, "The request has to say which version of the resource it changes.");
    }
}

/// The parameter is the layer's, which has its name.
#[cfg(feature = "idempotency")]
impl OperationPart for crate::http::IdempotencyKey {
    fn request(operation: &mut Operation<'_>) {
        operation.problem(400, "The idempotency key is missing or not valid.");
    }
}

#[cfg(feature = "websocket")]
impl OperationPart for crate::http::Connection {
    fn request(operation: &mut Operation<'_>) {
        operation.problem(400, "The request is not that of a WebSocket.");
    }
}

impl<E: OperationPart> OperationPart for Option<E> {
    fn request(operation: &mut Operation<'_>) {
        operation.optional(E::request);
    }
}

/// The handler takes the rejection, so the part need not be there.
impl<E: OperationPart, R> OperationPart for Result<E, R> {
    fn request(operation: &mut Operation<'_>) {
        operation.optional(E::request);
    }

    fn response(operation: &mut Operation<'_>) {
        E::response(operation);
    }
}

/// The parts that say nothing of the request.
macro_rules! silent {
    ($($part:ty),*) => {$(
        impl OperationPart for $part {}
    )*};
}

silent!(crate::http::RequestContext, crate::http::EventKind, crate::Invocation);
