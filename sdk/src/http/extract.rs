//! Extractors: what a handler's arguments are made of.
//!
//! They are axum's: any extractor of axum or its ecosystem is an argument of a Pilaster handler, and these work in an
//! `axum::Router`. They differ from axum's where Lambda does, and in that a rejection is a problem (RFC 9457) that points
//! at each field and repeats nothing that the caller sent.
//!
//! Any of them can be `Result<_, Rejection>`, and then the function answers; most can be `Option<_>`:
//!
//! | extractor | what it is made of | `None` |
//! |---|---|---|
//! | [`Json`] | a body of JSON | neither a `Content-Type` nor a body |
//! | `Form` | the fields of a form | the same; for a `GET`, no query |
//! | `Multipart` | the files and fields of a form | the same |
//! | [`Path`] | the parameters of the route | the route has none |
//! | [`Query`] | the query | there is none |
//! | [`Claims`] | what the API's authorizer said of the caller | there was no authorizer |
//! | `TypedHeader` | one header | it is missing |
//! | `Valid<_>` | one of `Json`, `Form`, `Path`, `Query`, its rules checked | – |
//! | `Bytes`, `String`, `HeaderMap`, `Method`, `Uri` | the request as it is | – |
//! | [`RequestContext`](crate::http::RequestContext), [`EventKind`](crate::http::EventKind) | the event | – |
//! | [`Invocation`](crate::Invocation) | the invocation | – |

#[cfg(feature = "macros")]
mod check;
pub mod claims;
mod content_encoding;
pub mod context;
#[cfg(feature = "form")]
pub mod form;
mod invocation;
pub mod json;
#[cfg(feature = "validate")]
mod member_names;
#[cfg(feature = "multipart")]
pub mod multipart;
pub mod path;
pub mod query;
pub(crate) mod serde_message;
#[cfg(feature = "validate")]
pub mod valid;

pub use self::claims::Claims;
#[cfg(feature = "form")]
pub use self::form::Form;
pub use self::json::Json;
#[cfg(feature = "multipart")]
pub use self::multipart::Multipart;
pub use self::path::Path;
pub use self::query::Query;
#[cfg(feature = "validate")]
pub use self::valid::Valid;
