//! [`SecurityHeadersError`]: a header that cannot be sent.

use std::error::Error as StdError;
use std::fmt;

use http::header::HeaderName;

/// What is wrong with a [`SecurityHeadersLayer`](super::SecurityHeadersLayer), as a sentence.
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
        write!(f, "security headers: {:?} cannot be the value of `{}`: ", self.value, self.name)?;
        match self.expected {
            Expected::OneOf(values) => write!(f, "write one of `{}`", values.join("`, `")),
            Expected::Policy => {
                f.write_str("write directives such as `default-src 'self'`, none with `;` or `,` in its value")
            }
            Expected::Endpoint => {
                f.write_str("write a name such as `default` and a URL such as `https://reports.example.com/`")
            }
            Expected::Text => f.write_str("write visible ASCII text"),
        }
    }
}

impl StdError for SecurityHeadersError {}
