//! The layers of HTTP functions.

pub mod base_path;
#[cfg(feature = "compression")]
pub mod compression;
#[cfg(feature = "conditional")]
pub mod conditional;
#[cfg(feature = "cors")]
pub mod cors;
pub mod deadline;
#[cfg(any(feature = "compression", feature = "negotiation"))]
pub(crate) mod entity_tag;
pub mod error_layer;
#[cfg(feature = "idempotency")]
pub mod idempotency;
pub(crate) mod left;
#[cfg(feature = "negotiation")]
pub mod negotiation;
pub mod panic;
pub mod partial_response;
#[cfg(any(feature = "compression", feature = "negotiation"))]
pub(crate) mod quality_values;
#[cfg(any(feature = "compression", feature = "multipart", feature = "negotiation"))]
pub(crate) mod quoted;
#[cfg(feature = "security-headers")]
pub mod security_headers;
pub mod stack;
