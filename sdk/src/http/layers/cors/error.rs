//! [`CorsError`]: a configuration that browsers would refuse.

use std::error::Error as StdError;
use std::fmt;

use super::origin::Fault;

/// What is wrong with a [`CorsLayer`](super::CorsLayer), as a sentence.
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

    /// Whether an origin or a pattern is ill-formed.
    pub fn is_origin(&self) -> bool {
        matches!(self.kind, Kind::Origin(..))
    }

    /// Whether credentials are allowed together with something that browsers or safety forbid.
    pub fn is_credentials(&self) -> bool {
        matches!(self.kind, Kind::Credentials(_))
    }
}

impl fmt::Display for CorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Origin(origin, fault) => {
                write!(
                    f,
                    "CORS: {origin:?} cannot be an allowed origin; write it as `https://app.example.com`: {fault}"
                )
            }
            Kind::Name { setter, name } => {
                write!(f, "CORS: {name:?} in `{setter}` is no header name; write each name as an item of its own")
            }
            Kind::Method { setter, name, why } => {
                write!(f, "CORS: {name:?} in `{setter}` is no method to allow: {why}")
            }
            Kind::CacheControl => {
                f.write_str("CORS: the value of `preflight_cache_control` cannot be a header's value")
            }
            Kind::Credentials(with) => write!(f, "CORS: `allow_credentials(true)` cannot stand with {with}"),
        }
    }
}

impl StdError for CorsError {}
