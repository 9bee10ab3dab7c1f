//! The layers of HTTP functions.

pub mod base_path;
#[cfg(feature = "cache-control")]
pub mod cache_control;
pub mod catch_panic;
#[cfg(feature = "compression")]
pub mod compression;
#[cfg(feature = "conditional")]
pub mod conditional;
#[cfg(feature = "cors")]
pub mod cors;
pub mod deadline;
#[cfg(feature = "openapi")]
mod described;
#[cfg(any(feature = "compression", feature = "negotiation", feature = "openapi-viewer"))]
pub(crate) mod entity_tag;
pub(crate) mod erased;
pub mod error_layer;
pub mod from_fn;
#[cfg(feature = "idempotency")]
pub mod idempotency;
#[cfg(feature = "json-schema")]
mod json_schema;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "negotiation")]
pub mod negotiation;
#[cfg(feature = "openapi-viewer")]
pub mod openapi_viewer;
pub mod partial_response;
#[cfg(any(feature = "compression", feature = "negotiation"))]
pub(crate) mod quality_values;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
#[cfg(any(feature = "idempotency", feature = "rate-limit"))]
pub(crate) mod request_document;
#[cfg(feature = "security-headers")]
pub mod security_headers;
pub mod stack;
