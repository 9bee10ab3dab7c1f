//! The handler SDK for AWS Lambda in Rust.
//!
//! You write one typed async function. Pilaster decodes the event, runs the tower layers around the function, maps its
//! errors, keeps clients and secrets between invocations, logs, and responds in the format that the event source
//! expects.
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
//! The arguments choose the event source: extractors of requests make an HTTP function; a record as the last argument,
//! such as [`Sqs<T>`](Sqs), makes a record function, and [`Event<T>`](Event) a function of whole events. `cargo run`
//! serves an HTTP function on `127.0.0.1:3000` and calls any other with the event in a file; on Lambda the same binary
//! polls the Runtime API.
//!
//! # The layers, from the outside in
//!
//! | step | module | may respond early | on the way back |
//! |---|---|---|---|
//! | 1 | [`run`]: the Runtime API, or the local server | – | posts the response or the error |
//! | 2 | the log context: [`observe::logging`] | – | logs a failed invocation |
//! | 3 | the guard | to a panic, to a response above 6 MB | – |
//! | 4 | [`WarmupLayer`]: for HTTP requests and records, opt-in for whole events | to a warm-up call | – |
//! | 5 | the layers of [`Function::outer`], the first named outermost: [`TracesLayer`], [`MetricsLayer`], [`SecretsLayer`], … | where a secret is unavailable | close spans, write metrics |
//! | 6 | the adapter of [`http`], [`records`] or [`events`] | to an event that cannot be decoded | encodes the response |
//! | 7 | HTTP: base path → security headers → CORS → compression → cache control → conditional requests → errors → deadline → your layers → idempotency → panics, in the order of [`http::Stack`]; records and events: the layers of [`Function::layer`], the first named outermost | to a preflight, to a conditional request, at the deadline, with a stored response | add headers, map errors |
//! | 8 | the extractors | with a rejection: 400, 413, 415, 422; with a failed record | – |
//! | 9 | your function | – | returns its value or its error |
//!
//! [`Function::into_service`] builds steps 2 to 9, for [`run`] and for tests alike. Layers follow one rule: as in
//! tower's `ServiceBuilder`, the first named is the outermost. [`http::Stack`] keeps its own layers in the order above,
//! regardless of the order of the calls, and has one of each: a second call of [`errors`](http::Stack::errors), for
//! example, replaces the first. Base paths, rate limits, your own layers, outer layers and those of records and events are added to
//! the earlier ones.
//!
//! # Features
//!
//! The default features are `macros`, `http`, `cors`, `security-headers`, `form`, `records`, `logging`, `clients`,
//! without TLS and AWS clients. `full` enables all features; the guide lists them.
//!
//! # Panics need `panic = "unwind"`
//!
//! Set it in `[profile.release]`: cargo-lambda builds with `abort` unless the profile sets it, and then a panic ends
//! the process instead of becoming a 500.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(feature = "_parameters", feature = "_aws", feature = "_https"))))]

#[cfg(feature = "agentcore")]
pub mod agentcore;
#[cfg(feature = "bedrock")]
pub mod bedrock;
mod core;
pub mod events;
mod function;
#[cfg(doc)]
pub mod guide;
#[cfg(any(debug_assertions, feature = "local"))]
mod local;
mod runtime;

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "clients")]
pub mod clients;
#[cfg(any(feature = "secrets", feature = "_parameters", feature = "jwt"))]
pub mod config;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "idempotency")]
pub mod idempotency;
#[cfg(feature = "json-schema")]
pub mod json_schema;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "mcp")]
pub mod mcp;
#[cfg(any(feature = "logging", feature = "metrics"))]
pub mod observe;
#[cfg(feature = "openapi")]
pub mod openapi;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
#[cfg(feature = "records")]
pub mod records;
#[cfg(feature = "table")]
pub mod table;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tools")]
pub mod tools;
#[cfg(feature = "websocket")]
pub mod websocket;

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
#[cfg(feature = "jwt")]
pub use crate::jwt::JwtVerifier;
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
#[cfg(feature = "macros")]
pub use pilaster_macros::ErrorType;
#[cfg(all(feature = "macros", feature = "parameters"))]
pub use pilaster_macros::FromParameter;
#[cfg(all(feature = "macros", feature = "secrets"))]
pub use pilaster_macros::FromSecret;
#[cfg(all(feature = "macros", feature = "idempotency"))]
#[doc = include_str!("idempotent.md")]
pub use pilaster_macros::idempotent;
#[cfg(feature = "macros")]
#[doc = include_str!("lambda_handler.md")]
pub use pilaster_macros::lambda_handler;

// README's program compiles as a user would copy it.
#[cfg(all(doctest, feature = "macros", feature = "http"))]
#[doc = include_str!("../README.md")]
struct Readme;
