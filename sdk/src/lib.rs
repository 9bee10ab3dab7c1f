//! The handler SDK for AWS Lambda in Rust.

mod error;
mod event;
mod handler;
#[cfg(all(feature = "http", any(debug_assertions, feature = "local")))]
mod local;
mod runtime;

#[cfg(feature = "clients")]
pub mod clients;
#[cfg(feature = "secrets")]
pub mod config;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "logging")]
pub mod observe;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "clients")]
pub use crate::clients::{Client, ClientError, Clients, FromClients};
pub use crate::error::{BoxError, FunctionError};
pub use crate::event::{Incoming, Invocation, RawEvent, RawResponse};
pub use crate::handler::{Function, Handler, IntoRaw, RawService, handler};
pub use crate::runtime::{StartError, run};
#[cfg(feature = "macros")]
pub use pilaster_macros::*;
