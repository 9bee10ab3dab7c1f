//! HTTP functions: the adapter, extractors, responses and layers.
//!
//! Extractors and responses of axum's ecosystem work in a Pilaster handler, Pilaster's work in an `axum::Router`, and a
//! function with many routes *is* an `axum::Router` ([`service`]). Only `axum::extract::Path` and `MatchedPath` need a
//! router around the handler; [`Path`] works with and without it. The rejections of axum's extractors are plain text;
//! those of Pilaster's extractors are problem details.

pub mod adapter;
#[cfg(feature = "jwt")]
pub(crate) mod bearer;
pub(crate) mod credentials;
#[cfg(feature = "openapi")]
pub(crate) mod described;
pub(crate) mod encoded_length;
pub mod error;
pub mod extract;
pub(crate) mod framing;
pub(crate) mod function;
pub(crate) mod handler;
#[cfg(any(feature = "cache-control", feature = "compression", feature = "multipart", feature = "negotiation"))]
pub(crate) mod header_list;
#[cfg(feature = "lambda-http")]
mod lambda_http;
pub(crate) mod layers;
pub mod response;
pub mod streaming;

pub use axum_core::body::Body;
pub use axum_core::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
pub use axum_core::response::{IntoResponse, IntoResponseParts, Response};
/// axum's extractor of one typed header, and response part: `TypedHeader<headers::UserAgent>`. It rejects with a 400
/// whose body is a line of text that names the header.
#[cfg(feature = "typed-header")]
pub use axum_extra::{TypedHeader, headers};
pub use bytes::Bytes;
pub use http::request::Parts;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
/// Derives [`trait@ToHttpError`].
#[cfg(feature = "macros")]
pub use pilaster_macros::ToHttpError;
#[cfg(feature = "openapi")]
#[doc = include_str!("operation.md")]
pub use pilaster_macros::operation;

pub use self::adapter::HttpAdapter;
#[cfg(feature = "openapi")]
pub use self::described::Routes;
pub use self::error::{FieldError, HttpError, IntoHttpError, Rejection, ToHttpError};
#[cfg(feature = "websocket")]
pub use self::extract::Connection;
#[cfg(feature = "form")]
pub use self::extract::Form;
#[cfg(feature = "jwt")]
pub use self::extract::Jwt;
#[cfg(feature = "multipart")]
pub use self::extract::Multipart;
#[cfg(feature = "validate")]
pub use self::extract::Valid;
pub use self::extract::context::{self, EventKind, RequestContext};
pub use self::extract::{Claims, Json, Path, Query};
pub use self::function::{HttpFunction, IntoHttpFunction, service};
pub use self::handler::HttpHandler;
#[cfg(feature = "lambda-http")]
pub use self::lambda_http::lambda_http;
pub use self::layers::base_path::{self, BasePath, BasePathLayer};
#[cfg(feature = "cache-control")]
pub use self::layers::cache_control::{self, CacheControlLayer};
pub use self::layers::catch_panic::{self, CatchPanicLayer};
#[cfg(feature = "compression")]
pub use self::layers::compression::{self, CompressionLayer};
#[cfg(feature = "conditional")]
pub use self::layers::conditional::{self, ConditionalLayer, Preconditions};
#[cfg(feature = "cors")]
pub use self::layers::cors::{self, CorsLayer};
pub use self::layers::deadline::{self, Deadline, DeadlineLayer};
pub use self::layers::error_layer::{self, ErrorLayer};
pub use self::layers::from_fn::{self, Next, from_fn};
#[cfg(feature = "idempotency")]
pub use self::layers::idempotency::{self, IdempotencyKey};
#[cfg(feature = "jwt")]
pub use self::layers::jwt::{self, JwtLayer};
#[cfg(feature = "negotiation")]
pub use self::layers::negotiation::{self, Accepts, Negotiate, Negotiated, NegotiationLayer};
#[cfg(feature = "openapi-viewer")]
pub use self::layers::openapi_viewer::{self, OpenApiViewerLayer};
pub use self::layers::partial_response::{self, PartialResponseLayer};
#[cfg(feature = "rate-limit")]
pub use self::layers::rate_limit::{self, RateLimitLayer};
#[cfg(feature = "security-headers")]
pub use self::layers::security_headers::{self, SecurityHeadersLayer};
pub use self::layers::stack::{self, DefaultStack, Stack};
pub use self::response::{Accepted, Created, NoContent, Redirect};
#[cfg(feature = "openapi")]
#[doc(inline)]
pub use crate::routes;
