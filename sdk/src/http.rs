//! HTTP functions: the door, its extractors and responses, and the layers of its hall.
//!
//! It speaks axum: the extractors and responses of its ecosystem work in a Pilaster handler, Pilaster's work in an
//! `axum::Router`, and a function with many routes *is* an `axum::Router` ([`service`]). Only what axum's router itself
//! leaves behind (`axum::extract::Path`, `MatchedPath`) needs that router; [`Path`] works with and without it. Rejections of
//! axum's own extractors are short texts, those of Pilaster's are problems.

pub mod base_path;
pub mod context;
pub mod deadline;
pub mod door;
pub mod error;
pub mod error_layer;
pub mod extract;
pub mod panic;
pub mod partial_response;
pub mod rejection;
pub mod response;
pub mod stack;
pub mod streaming;

#[cfg(feature = "compression")]
pub mod compression;
#[cfg(feature = "conditional")]
pub mod conditional;
#[cfg(feature = "cors")]
pub mod cors;
#[cfg(feature = "negotiation")]
pub mod negotiation;
#[cfg(feature = "security-headers")]
pub mod security_headers;

#[cfg(any(feature = "compression", feature = "negotiation"))]
mod entity_tag;
#[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
pub(crate) mod event;
mod function;
mod handler;
mod left;
mod length;
#[cfg(any(feature = "compression", feature = "negotiation"))]
mod quality;
#[cfg(any(feature = "compression", feature = "multipart", feature = "negotiation"))]
mod quoted;

pub(crate) use self::left::Left;
pub use axum_core::body::Body;
pub use axum_core::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request as BodyRequest};
pub use axum_core::response::{IntoResponse, IntoResponseParts, Response};
/// axum's extractor of one typed header, and response part: `TypedHeader<headers::UserAgent>`. It is `axum_extra`'s own, so
/// its rejection is too: a 400 whose body is a line of text that names the header.
#[cfg(feature = "typed-header")]
pub use axum_extra::{TypedHeader, headers};
pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};

pub use self::base_path::BasePathLayer;
#[cfg(feature = "compression")]
pub use self::compression::CompressionLayer;
#[cfg(feature = "conditional")]
pub use self::conditional::{ConditionalLayer, Preconditions};
pub use self::context::{EventKind, RequestContext};
#[cfg(feature = "cors")]
pub use self::cors::CorsLayer;
pub use self::deadline::{Deadline, DeadlineLayer};
pub use self::door::Door;
pub use self::error::HttpError;
pub use self::error_layer::ErrorLayer;
#[cfg(feature = "form")]
pub use self::extract::Form;
#[cfg(feature = "multipart")]
pub use self::extract::Multipart;
#[cfg(feature = "validate")]
pub use self::extract::Valid;
pub use self::extract::{Claims, Json, Path, Query};
pub use self::function::{Hall, StreamingHall, service};
pub use self::handler::{HandlerService, HttpHandler};
#[cfg(feature = "negotiation")]
pub use self::negotiation::{Accepts, Negotiate, Negotiated, NegotiationLayer};
pub use self::panic::PanicLayer;
pub use self::partial_response::PartialResponseLayer;
pub use self::rejection::{FieldError, Rejection};
pub use self::response::{Accepted, Created, NoContent, Redirect};
#[cfg(feature = "security-headers")]
pub use self::security_headers::SecurityHeadersLayer;
pub use self::stack::Stack;
