//! Builds a service that can be run from an async function of the user: [`handler`], [`Function`] and
//! [`Function::into_service`].
//!
//! The arguments of the function choose the event source, by trait dispatch on a marker: extractors of requests make it
//! an HTTP function, a record (`Sqs<T>`, `S3Object`, …) a record function, `Event<T>` and its kin an event function. No
//! name matters, so aliases and re-exports of the argument types work.

pub(crate) mod builder;
#[cfg(feature = "macros")]
pub(crate) mod built;
#[cfg(feature = "macros")]
pub(crate) mod check;
pub(crate) mod guard;
pub(crate) mod handler;
pub(crate) mod into_service;
pub(crate) mod lifecycle;
pub(crate) mod start_error;
pub(crate) mod steps;
#[cfg(feature = "clients")]
pub(crate) mod warm_ups;
pub(crate) mod warmup;

pub use self::builder::Function;
pub use self::handler::{Handler, HandlerService, handler};
pub use self::into_service::IntoService;
pub use self::start_error::StartError;
pub use self::warmup::{Warmup, WarmupLayer};
