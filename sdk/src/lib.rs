//! The handler SDK for AWS Lambda in Rust.
//!
//! You write one typed async function. Pilaster decodes the event, runs the tower stack around the function, maps its errors,
//! keeps clients and secrets outside it, logs, and answers in the form that the event source expects.
//!
//! ```no_run
//! use pilaster::http::{Created, HttpError, Json};
//! use pilaster::lambda_handler;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct NewUser { email: String }
//!
//! #[derive(Serialize)]
//! struct User { id: u64, email: String }
//!
//! #[lambda_handler]
//! async fn create_user(Json(new): Json<NewUser>) -> Result<Created<User>, HttpError> {
//!     let id = "7".parse()?; // any std error becomes a logged, opaque 500
//!     Ok(Created::at(format!("/users/{id}"), User { id, email: new.email }))
//! }
//! ```
//!
//! The arguments choose the event source: extractors of requests make it an HTTP function; a record as the last argument, such as
//! [`Sqs<T>`](Sqs), a function of records; [`Event<T>`](Event) one of whole events. `cargo run` serves an HTTP function on
//! `127.0.0.1:3000` and calls any other with the event in a file; on Lambda the same binary polls the Runtime API.
//!
//! # The rooms, from outside to inside
//!
//! | step | room | may answer by itself | on the way up |
//! |---|---|---|---|
//! | 1 | [`run`]: the Runtime API, or the server by hand | – | posts the response or the error |
//! | 2 | [`observe`]: traces, logging, metrics | no | logs a failed invocation, writes its metrics |
//! | 3 | [`WarmupLayer`], `config::secrets` | a call that warms; a secret that cannot be had | – |
//! | 4 | a door: [`http::door`], [`records::door`], [`event::door`] | an event that cannot be decoded | encodes the response |
//! | 5 | HTTP: [`http::security_headers`] → [`http::cors`] → [`http::error_layer`] → [`http::deadline`] → your layers → `idempotency` → [`http::catch_panic`]; records and events: your layers | a preflight, a time-out, a stored answer | adds headers, maps errors |
//! | 6 | [`http::extract`], [`records`], [`Client`], `Secret` | a rejection: 400, 413, 415, 422; a record that fails | – |
//! | 7 | your function | – | its value or its error |
//!
//! [`http::Stack`] keeps step 5 in this order, whatever the order of the calls.
//!
//! # Features
//!
//! By default `macros`, `http`, `cors`, `security-headers`, `form`, `records`, `logging`, `clients`: no TLS and no AWS client. `full` is
//! all of them; the README has the table.
//!
//! # Panics need `panic = "unwind"`
//!
//! Write it into `[profile.release]`: cargo-lambda builds with `abort` unless the profile says otherwise, and then a panic
//! ends the process instead of becoming a 500.

mod core;
pub mod events;
mod function;
#[cfg(any(debug_assertions, feature = "local"))]
mod local;
mod runtime;

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "clients")]
pub mod clients;
#[cfg(any(feature = "secrets", feature = "_parameters"))]
pub mod config;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "idempotency")]
pub mod idempotency;
#[cfg(any(feature = "logging", feature = "metrics"))]
pub mod observe;
#[cfg(feature = "records")]
pub mod records;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "clients")]
pub use crate::clients::{Client, ClientError, Clients, DynFromClients, FromClients};
#[cfg(feature = "flags")]
pub use crate::config::flags::Flags;
#[cfg(feature = "_parameters")]
pub use crate::config::parameters::Parameters;
#[cfg(feature = "parameters")]
pub use crate::config::parameters::{FromParameter, Parameter, ParametersLayer};
#[cfg(feature = "secrets")]
pub use crate::config::secrets::{FromSecret, Secret, Secrets, SecretsLayer};
pub use crate::core::check;
pub use crate::core::deadline::DeadlineExceeded;
pub use crate::core::error::{BoxError, ErrorType, FunctionError};
pub use crate::core::invocation::{FromInvocation, Invocation};
pub use crate::core::json::JsonError;
pub use crate::core::raw::RawService;
pub use crate::core::raw::{Incoming, Outgoing, RawEvent};
pub use crate::events::{Authorizer, Event, Schedule};
#[cfg(feature = "cloudformation")]
pub use crate::events::{CloudFormation, CustomResource};
pub use crate::function::{Function, Handler, HandlerService, IntoService, StartError, Warmup, WarmupLayer, handler};
#[cfg(feature = "metrics")]
pub use crate::observe::metrics::{Metrics, MetricsLayer};
#[cfg(feature = "otel")]
pub use crate::observe::traces::TracesLayer;
#[cfg(feature = "cloudwatch-logs")]
pub use crate::records::LogRecord;
#[cfg(feature = "records")]
pub use crate::records::{
    Change, EventBridge, Firehose, Kafka, Kinesis, MqMessage, S3BatchTask, S3Object, SesMessage, Sns, Sqs,
};
pub use crate::runtime::run;
#[cfg(feature = "validate")]
#[doc(no_inline)]
pub use garde;
#[cfg(all(feature = "macros", feature = "idempotency"))]
#[doc = include_str!("idempotent.md")]
pub use pilaster_macros::idempotent;
#[cfg(feature = "macros")]
#[doc = include_str!("lambda_handler.md")]
pub use pilaster_macros::lambda_handler;
#[cfg(feature = "macros")]
pub use pilaster_macros::*;

// README's program compiles as a user would copy it.
#[cfg(all(doctest, feature = "macros", feature = "http"))]
#[doc = include_str!("../../README.md")]
struct Readme;
