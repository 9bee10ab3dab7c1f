//! The base of all other modules: an invocation, the raw event and the response, errors, JSON, time. It imports nothing
//! from the other modules of the crate.

#[cfg(feature = "idempotency")]
pub(crate) mod at_end;
#[cfg(any(feature = "metrics", feature = "validate"))]
pub(crate) mod at_start;
pub mod check;
pub(crate) mod client_context;
#[cfg(any(feature = "jwt", feature = "secrets", feature = "_parameters", feature = "otel"))]
pub(crate) mod clock;
pub(crate) mod deadline;
pub(crate) mod descriptions;
pub(crate) mod env;
pub(crate) mod error;
#[cfg(any(feature = "flags", feature = "idempotency", feature = "rate-limit"))]
pub(crate) mod expression;
mod extensions;
pub(crate) mod from_event;
#[cfg(any(feature = "idempotency", feature = "rate-limit"))]
pub(crate) mod hexadecimal;
pub(crate) mod invocation;
pub(crate) mod json;
pub(crate) mod layer_mistakes;
pub(crate) mod limits;
pub(crate) mod panic;
#[cfg(any(feature = "jwt", feature = "records", feature = "websocket"))]
pub(crate) mod partition;
pub(crate) mod raw;
pub(crate) mod signals;
pub(crate) mod source;
