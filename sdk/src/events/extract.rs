//! The last arguments of event functions.

pub mod authorizer;
#[cfg(feature = "macros")]
mod check;
#[cfg(feature = "cloudformation")]
pub mod cloudformation;
pub(crate) mod event;
pub(crate) mod schedule;
