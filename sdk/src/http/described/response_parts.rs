//! The parts of responses.

use schemars::{JsonSchema, json_schema};

use crate::http::{Accepted, Bytes, Created, NoContent, Redirect};
use crate::openapi::{Operation, OperationPart, Response};

const LOCATION: (&str, &str) = ("Location", "The URI of the resource.");

impl<T: JsonSchema> OperationPart for Created<T> {
    fn response(operation: &mut Operation<'_>) {
        let schema = operation.response_schema::<T>();
        let response = Response::new("The resource is created.").content("application/json", schema);
        operation.response("201", response.header(LOCATION.0, true, LOCATION.1));
    }
}

impl OperationPart for Accepted {
    fn response(operation: &mut Operation<'_>) {
        let response = Response::new("The work continues.").header(LOCATION.0, true, "The URI of the job.");
        operation
            .response("202", response.header("Retry-After", false, "The seconds after which to ask for the result."));
    }
}

impl OperationPart for NoContent {
    fn response(operation: &mut Operation<'_>) {
        operation.response("204", Response::new("Success, without a body."));
    }
}

impl OperationPart for Redirect {
    fn response(operation: &mut Operation<'_>) {
        operation.response("3XX", Response::new("The resource is elsewhere.").header(LOCATION.0, true, LOCATION.1));
    }
}

impl OperationPart for () {
    fn response(operation: &mut Operation<'_>) {
        operation.response("200", Response::new("Success, without a body."));
    }
}

/// The formats of a [`NegotiationLayer`](crate::http::NegotiationLayer) other than JSON are its own.
#[cfg(feature = "negotiation")]
impl<T: JsonSchema> OperationPart for crate::http::Negotiate<T> {
    fn response(operation: &mut Operation<'_>) {
        let schema = operation.response_schema::<T>();
        operation.response("200", Response::new("Success.").content("application/json", schema));
    }
}

/// The texts and the bytes that axum sends with a media type of its own.
macro_rules! plain {
    ($media_type:literal, $schema:tt, $rejections:expr => $($type:ty),*) => {$(
        impl OperationPart for $type {
            fn request(operation: &mut Operation<'_>) {
                operation.request_body("*/*", json_schema!({}), false);
                for (status, text) in $rejections {
                    let text_schema = json_schema!({ "type": "string" });
                    operation.response(status, Response::new(text).content("text/plain; charset=utf-8", text_schema));
                }
            }

            fn response(operation: &mut Operation<'_>) {
                let response = Response::new("Success.").content($media_type, json_schema!($schema));
                operation.response("200", response);
            }
        }
    )*};
}

const TOO_LARGE: (&str, &str) = ("413", "The body is too large.");

plain!("text/plain; charset=utf-8", { "type": "string" }, [("400", "The body is not UTF-8."), TOO_LARGE] => String, &'static str);
plain!("application/octet-stream", {}, [TOO_LARGE] => Bytes, Vec<u8>);
