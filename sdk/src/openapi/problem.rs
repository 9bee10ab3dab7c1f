//! The schema and the responses of problems.

use serde_json::{Value, json};

use super::responses::Response;

/// The schema of a problem ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with the fields of a rejection.
pub(super) fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A problem (RFC 9457).",
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "default": "about:blank" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "instance": { "type": "string", "format": "uri-reference" },
            "errors": {
                "description": "The fields of the request that are not valid.",
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": { "type": "string", "description": "A JSON Pointer (RFC 6901) to the field." },
                        "detail": { "type": "string" },
                    },
                    "required": ["detail", "pointer"],
                },
            },
        },
        "required": ["status", "title"],
    })
}

/// The response of any error that is not listed.
pub(super) fn other() -> Response {
    Response::problem("An error that is not listed, such as a failure of the service.")
}
