//! [`CorsError`]: a configuration that browsers reject.

use std::error::Error as StdError;
use std::fmt;

use super::spelling::Fault;

/// A mistake in a [`CorsLayer`](super::CorsLayer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsError {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Origin(String, Fault),
    Name { setter: &'static str, name: String },
    Method { setter: &'static str, name: String, why: &'static str },
    CacheControl,
    Credentials(&'static str),
}

impl CorsError {
    pub(super) fn origin(origin: &str, fault: Fault) -> Self {
        Self { kind: Kind::Origin(origin.into(), fault) }
    }

    pub(super) fn name(setter: &'static str, name: &str) -> Self {
        Self { kind: Kind::Name { setter, name: name.into() } }
    }

    pub(super) fn method(setter: &'static str, name: &str, why: &'static str) -> Self {
        Self { kind: Kind::Method { setter, name: name.into(), why } }
    }

    pub(super) fn cache_control() -> Self {
        Self { kind: Kind::CacheControl }
    }

    pub(super) fn credentials(with: &'static str) -> Self {
        Self { kind: Kind::Credentials(with) }
    }

    /// Returns `true` if an origin or a pattern is invalid.
    pub fn is_origin(&self) -> bool {
        matches!(self.kind, Kind::Origin(..))
    }

    /// Returns `true` if credentials are combined with a setting that browsers reject, or with an unsafe one.
    pub fn is_credentials(&self) -> bool {
        matches!(self.kind, Kind::Credentials(_))
    }
}

impl fmt::Display for CorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Origin(origin, fault) => {
                write!(f, "CORS: {origin:?} is not a valid origin such as `https://app.example.com`: {fault}")
            }
            Kind::Name { setter, name } => {
                write!(f, "CORS: {name:?} in `{setter}` is not a header name; pass each name as its own item")
            }
            Kind::Method { setter, name, why } => {
                write!(f, "CORS: {name:?} in `{setter}` is not a method that can be allowed: {why}")
            }
            Kind::CacheControl => {
                f.write_str("CORS: the value of `preflight_cache_control` is not a valid header value")
            }
            Kind::Credentials(with) => write!(f, "CORS: `allow_credentials(true)` cannot be combined with {with}"),
        }
    }
}

impl StdError for CorsError {}
