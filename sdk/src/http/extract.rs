//! Extractors: the types of a handler's arguments.
//!
//! They are axum extractors: any extractor of axum or its ecosystem is an argument of a Pilaster handler, and these
//! work in an `axum::Router`. They differ from axum's where Lambda does, and in their rejections, which are problem
//! details (RFC 9457) that point at each field and do not repeat the client's input.
//!
//! Any of them can be `Result<_, Rejection>`, so that the function handles the rejection; most can be `Option<_>`:
//!
//! | extractor | source | `None` |
//! |---|---|---|
//! | [`Json`] | a JSON body | neither a `Content-Type` nor a body |
//! | `Form` | the fields of a form | neither a `Content-Type` nor a body; for a `GET`, no query |
//! | `Multipart` | the files and fields of a form | neither a `Content-Type` nor a body |
//! | [`Path`] | the parameters of the route | the route has none |
//! | [`Query`] | the query string | it is missing |
//! | [`Claims`] | the claims that the API's authorizer verified | the request is not authenticated |
//! | `Jwt` | the claims of a token that the function verifies itself | the request has no token |
//! | `IdempotencyKey` | the key that the idempotency layer has parsed | it is missing |
//! | `TypedHeader` | one header | it is missing |
//! | `Valid<_>` | `Json`, `Form`, `Path` or `Query`, validated | – |
//! | `Bytes`, `String`, `HeaderMap`, `Method`, `Uri` | the unchanged request | – |
//! | [`RequestContext`](crate::http::RequestContext), [`EventKind`](crate::http::EventKind) | the event | – |
//! | [`Invocation`](crate::Invocation) | the invocation | – |
//! | `Connection`, `websocket::Connections` | the event of a WebSocket API | it is of another source |
//! | `Client<_>`, `Secret<_>`, `Parameter<_>`, `Metrics` | the process | – |

#[cfg(feature = "macros")]
mod check;
pub mod claims;
#[cfg(feature = "clients")]
pub(super) mod client;
#[cfg(feature = "websocket")]
mod connection;
mod content_type;
pub mod context;
#[cfg(feature = "form")]
pub mod form;
mod invocation;
pub mod json;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "validate")]
mod member_names;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "multipart")]
pub mod multipart;
#[cfg(feature = "parameters")]
mod parameter;
pub mod path;
mod plain_value;
pub mod query;
#[cfg(feature = "secrets")]
mod secret;
#[cfg(feature = "validate")]
pub mod valid;

pub use self::claims::Claims;
#[cfg(feature = "websocket")]
pub use self::connection::Connection;
#[cfg(feature = "form")]
pub use self::form::Form;
pub use self::json::Json;
#[cfg(feature = "jwt")]
pub use self::jwt::Jwt;
#[cfg(feature = "multipart")]
pub use self::multipart::Multipart;
pub use self::path::Path;
pub use self::query::Query;
#[cfg(feature = "validate")]
pub use self::valid::Valid;
