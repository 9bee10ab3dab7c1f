//! [`JwtError`]: why a token is refused; [`JwtReason`]: the same for programs and logs.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::core::error::{BoxError, Refusal};

/// The reason for which a token is refused. Its [`name`](Self::name) is the log key `jwt.reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwtReason {
    /// The request has no token.
    Missing,
    /// The request has several tokens.
    Several,
    /// It is not a signed token in the compact form.
    Malformed,
    /// It has more than 8 KiB.
    TooLong,
    /// The header has an extension (`crit`, `b64`), or the token is encrypted.
    Extension,
    /// The algorithm is not supported, not in the list of the verifier, or not that of the key.
    Algorithm,
    /// The issuer has no key of this `kid`.
    UnknownKey,
    /// Several keys of the issuer could be meant.
    AmbiguousKey,
    /// The signature is not that of the key.
    Signature,
    /// The claims are not a JSON object, or a registered claim has another type than in its specification.
    Claims,
    /// `exp` is missing.
    NoExpiry,
    /// `exp` has passed.
    Expired,
    /// `nbf` or `iat` is in the future.
    NotYetValid,
    /// `iat` is too long ago, or missing although the verifier has a maximum age.
    TooOld,
    /// `iss` is not that of a configured issuer.
    Issuer,
    /// `aud` has none of the configured audiences.
    Audience,
    /// The token was issued to another client.
    Client,
    /// It is a token for another use, such as an ID token where an access token is required.
    Use,
    /// A claim that the verifier expects has another value, or is missing.
    ExpectedClaim,
    /// A required scope is missing.
    Scope,
    /// The caller is in none of the required groups.
    Group,
    /// The claims do not match the type that the function asks for.
    Mismatch,
    /// The keys of the issuer could not be fetched.
    KeysUnavailable,
    /// The verifier is misconfigured.
    Misconfigured,
}

impl JwtReason {
    /// Returns the name of the reason in logs, such as `expired`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Several => "several",
            Self::Malformed => "malformed",
            Self::TooLong => "too_long",
            Self::Extension => "extension",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::AmbiguousKey => "ambiguous_key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::NoExpiry => "no_expiry",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::TooOld => "too_old",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Client => "client",
            Self::Use => "use",
            Self::ExpectedClaim => "expected_claim",
            Self::Scope => "scope",
            Self::Group => "group",
            Self::Mismatch => "mismatch",
            Self::KeysUnavailable => "keys_unavailable",
            Self::Misconfigured => "misconfigured",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Missing => "the request has no bearer token",
            Self::Several => "the request has several `Authorization` headers",
            Self::Malformed => "the token is not a signed token in the compact form",
            Self::TooLong => "the token has more than 8 KiB",
            Self::Extension => "the header of the token has an extension that is not supported",
            Self::Algorithm => "the algorithm of the token is not accepted",
            Self::UnknownKey => "the issuer has no such key",
            Self::AmbiguousKey => "the token could mean several keys of the issuer",
            Self::Signature => "the signature of the token is wrong",
            Self::Claims => "the claims of the token are malformed",
            Self::NoExpiry => "the token has no `exp`",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::TooOld => "the token was issued too long ago",
            Self::Issuer => "the token is from another issuer",
            Self::Audience => "the token is for another audience",
            Self::Client => "the token was issued to another client",
            Self::Use => "the token is for another use",
            Self::ExpectedClaim => "a claim of the token is not the expected one",
            Self::Scope => "the token lacks a required scope",
            Self::Group => "the caller is in none of the required groups",
            Self::Mismatch => "the claims of the token do not match the expected type",
            Self::KeysUnavailable => "the keys of the issuer could not be fetched",
            Self::Misconfigured => "the verifier is misconfigured",
        }
    }
}

/// The error of a token that is refused. It contains neither the token nor a claim.
///
/// In an HTTP function, `?` makes it a 401, 403 or 503; [`JwtLayer`](crate::http::JwtLayer) and
/// [`Jwt`](crate::http::Jwt) also send `WWW-Authenticate`.
#[derive(Clone)]
pub struct JwtError {
    reason: JwtReason,
    /// The whole sentence of a misconfiguration, or the cause of a failed fetch.
    detail: Option<String>,
    retry_after: Option<Duration>,
    refusal: Option<Refusal>,
}

impl JwtError {
    /// The status and the detail are those of the response in every HTTP function.
    pub(crate) fn new(reason: JwtReason) -> Self {
        let (status, detail) = match reason {
            JwtReason::Misconfigured => (500, ""),
            JwtReason::KeysUnavailable => (503, "the keys of the issuer are unavailable"),
            JwtReason::Scope | JwtReason::Group | JwtReason::Mismatch => (403, FORBIDDEN),
            JwtReason::Missing => (401, MISSING),
            _ => (401, INVALID),
        };
        let refusal = Refusal { status, retry_after: None, detail, text: reason.sentence().to_owned() };
        Self { reason, detail: None, retry_after: None, refusal: (status != 500).then_some(refusal) }
    }

    pub(super) fn misconfigured(sentence: impl Into<String>) -> Self {
        Self { detail: Some(sentence.into()), ..Self::new(JwtReason::Misconfigured) }
    }

    pub(super) fn keys_unavailable(retry_after: Duration, cause: Option<BoxError>) -> Self {
        let mut error = Self::new(JwtReason::KeysUnavailable);
        error.detail = cause.map(|cause| crate::core::error::chain(&*cause).join(": "));
        error.retry_after = Some(retry_after);
        let seconds = error.retry_after().and_then(|after| u32::try_from(after.as_secs()).ok());
        if let Some(refusal) = &mut error.refusal {
            refusal.retry_after = seconds;
        }
        error
    }

    /// Returns the reason.
    pub fn reason(&self) -> JwtReason {
        self.reason
    }

    /// Returns `true` if the token may be good, and its caller only lacks a right: an HTTP function responds with 403.
    pub fn is_forbidden(&self) -> bool {
        matches!(self.reason, JwtReason::Scope | JwtReason::Group | JwtReason::Mismatch)
    }

    /// Returns `true` if nothing is known about the token: the keys are unavailable, or the verifier is misconfigured.
    pub fn is_unknown(&self) -> bool {
        matches!(self.reason, JwtReason::KeysUnavailable | JwtReason::Misconfigured)
    }

    /// Returns the time after which a retry makes sense, in whole seconds and at least one, if the keys are unavailable.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(|after| Duration::from_secs(after.as_secs_f64().ceil().max(1.0) as u64))
    }

    /// Writes the log line of a refused token.
    pub(crate) fn log(&self) {
        let reason = self.reason.name();
        match (self.is_unknown(), &self.detail) {
            (true, Some(detail)) => tracing::error!(jwt.reason = reason, cause = detail, "{}", self.reason.sentence()),
            (true, None) => tracing::error!(jwt.reason = reason, "{}", self.reason.sentence()),
            _ => tracing::info!(jwt.reason = reason, "{}", self.reason.sentence()),
        }
    }
}

const MISSING: &str = "authentication is required";
const INVALID: &str = "the token is not valid";
const FORBIDDEN: &str = "the token lacks the rights this API needs";

impl fmt::Display for JwtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) if self.is_unknown() => write!(f, "{}: {detail}", self.reason.sentence()),
            _ => f.write_str(self.reason.sentence()),
        }
    }
}

impl fmt::Debug for JwtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtError").field("reason", &self.reason).field("detail", &self.detail).finish_non_exhaustive()
    }
}

impl StdError for JwtError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.refusal.as_ref().map(|refusal| refusal as _)
    }
}
