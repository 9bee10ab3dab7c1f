//! Layers for record functions.

pub mod from_fn;
#[cfg(feature = "idempotency")]
pub(crate) mod idempotency;
#[cfg(feature = "json-schema")]
mod json_schema;
