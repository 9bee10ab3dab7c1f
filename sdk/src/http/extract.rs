//! Extractors: what a handler's arguments are made of.
//!
//! They are axum's: any extractor of axum or its ecosystem is an argument of a Pilaster handler, and these work in an
//! `axum::Router`. They differ from axum's where Lambda does, and in that a rejection is a problem (RFC 9457) that points
//! at each field and repeats nothing that the caller sent.

pub mod claims;
#[cfg(feature = "form")]
pub mod form;
mod invocation;
pub mod json;
#[cfg(feature = "multipart")]
pub mod multipart;
pub mod path;
pub mod query;
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
