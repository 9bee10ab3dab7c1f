//! [`RpcError`]: an error of JSON-RPC with the HTTP status that MCP gives it.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Value, json};

use super::revision;

/// The codes of JSON-RPC 2.0, and those of MCP
/// (<https://modelcontextprotocol.io/specification/2026-07-28/basic#error-codes>).
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
const HEADER_MISMATCH: i32 = -32020;
const MISSING_CAPABILITY: i32 = -32021;
const UNSUPPORTED_VERSION: i32 = -32022;

/// An error of a request: no tool was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RpcError {
    pub(super) status: StatusCode,
    pub(super) code: i32,
    pub(super) message: Cow<'static, str>,
    /// More about it, as JSON.
    pub(super) data: Option<String>,
}

impl RpcError {
    fn new(status: StatusCode, code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), data: None }
    }

    pub(super) fn not_json() -> Self {
        Self::new(StatusCode::BAD_REQUEST, PARSE_ERROR, "the body is not JSON")
    }

    pub(super) fn invalid_request(message: &'static str) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, message)
    }

    /// An error of the HTTP request.
    pub(super) fn refused(status: StatusCode, message: &'static str) -> Self {
        Self::new(status, INVALID_REQUEST, message)
    }

    /// A failure of the server.
    pub(super) fn internal(status: StatusCode, message: &'static str) -> Self {
        Self::new(status, INTERNAL_ERROR, message)
    }

    /// Parameters that every request needs.
    pub(super) fn invalid_meta(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID_PARAMS, message)
    }

    /// Parameters of one method.
    pub(super) fn invalid_params(message: &'static str) -> Self {
        Self::new(StatusCode::OK, INVALID_PARAMS, message)
    }

    /// Older clients read a 404 as the end of their session.
    pub(super) fn unknown_method(is_legacy: bool) -> Self {
        let status = if is_legacy { StatusCode::OK } else { StatusCode::NOT_FOUND };
        Self::new(status, METHOD_NOT_FOUND, "the server does not have this method")
    }

    pub(super) fn header_mismatch(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, HEADER_MISMATCH, message)
    }

    pub(super) fn unsupported_version(requested: &str) -> Self {
        // Longer than any version.
        let end = requested.floor_char_boundary(64);
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            UNSUPPORTED_VERSION,
            "the server does not support this protocol version",
        );
        let data = format!(r#"{{"supported":{},"requested":{}}}"#, revision::all(), Value::from(&requested[..end]));
        Self { data: Some(data), ..error }
    }

    /// Capabilities of the client that a tool needs.
    pub(super) fn missing_capabilities(names: &[String]) -> Self {
        let names: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), json!({}))).collect();
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            MISSING_CAPABILITY,
            "the client lacks a capability that this tool needs",
        );
        Self { data: Some(json!({ "requiredCapabilities": names }).to_string()), ..error }
    }
}
