//! [`SecurityHeadersError`]: a header with an invalid value.

use std::error::Error as StdError;
use std::fmt;

use http::header::HeaderName;

/// A mistake in a [`SecurityHeadersLayer`](super::SecurityHeadersLayer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityHeadersError {
    pub(super) name: HeaderName,
    pub(super) value: String,
    pub(super) expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    OneOf(&'static [&'static str]),
    Policy,
    Endpoint,
    Text,
}

impl fmt::Display for SecurityHeadersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "security headers: {:?} is not a valid value of `{}`: ", self.value, self.name)?;
        match self.expected {
            Expected::OneOf(values) => write!(f, "use one of `{}`", values.join("`, `")),
            Expected::Policy => {
                f.write_str("use directives such as `default-src 'self'`, without `;` and `,` in their values")
            }
            Expected::Endpoint => {
                f.write_str("use a name such as `default` and a URL such as `https://reports.example.com/`")
            }
            Expected::Text => f.write_str("use visible ASCII text"),
        }
    }
}

impl StdError for SecurityHeadersError {}
