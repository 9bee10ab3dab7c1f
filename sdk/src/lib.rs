//! The handler SDK for AWS Lambda in Rust.

mod error;
mod event;

#[cfg(feature = "clients")]
pub mod clients;
#[cfg(feature = "secrets")]
pub mod config;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "logging")]
pub mod observe;

pub use crate::error::{BoxError, FunctionError};
pub use crate::event::{Incoming, Invocation, RawEvent, RawResponse};
#[cfg(feature = "clients")]
pub use crate::clients::{Client, ClientError, Clients, FromClients};
