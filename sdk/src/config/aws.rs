//! The common parts of the sources for AWS: a frozen call is resent once, and the error of a failed call
//! records whether the service refused it, without the response.

use std::error::Error as StdError;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::cache::{Chain, Refused};
use crate::core::error::BoxError;

/// The error codes of outages that a service may send with a status below 500, except throttling: failures of
/// the service ([common errors](https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html),
/// [Secrets
/// Manager](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors)),
/// and of clocks and credentials after a freeze of the sandbox.
const OUTAGES: &[&str] = &[
    "DependencyTimeoutException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceError",
    "InternalServiceException",
    "KMSInternalException",
    "PriorRequestNotComplete",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// Calls, and retries once if the request was signed and only sent minutes later, after the sandbox was frozen. The SDK
/// signs again only for a clock skew, which it does not detect here.
pub(super) async fn send<O, E, F>(call: impl Fn() -> F) -> Result<O, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
{
    match call().await {
        Err(error) if is_signature_expired(&error) => call().await,
        other => other,
    }
}

fn is_signature_expired(error: &impl ProvideErrorMetadata) -> bool {
    match error.code() {
        Some("RequestExpired") => true,
        Some("InvalidSignatureException") => error.message().is_some_and(|text| text.starts_with("Signature expired")),
        _ => false,
    }
}

/// Returns `true` if the signature is ahead of the service's clock: one of the two clocks is wrong, and may be
/// corrected later.
fn is_signature_early(error: &impl ProvideErrorMetadata) -> bool {
    let is_early = |text: &str| text.starts_with("Signature not yet current");
    error.code() == Some("InvalidSignatureException") && error.message().is_some_and(is_early)
}

/// Converts the error of a failed call, without the response: the SDK's own error contains it, and its `Debug` shows
/// the body.
pub(super) fn failed<E>(error: SdkError<E, HttpResponse>) -> BoxError
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let message = error.to_string();
    match error {
        // The body is not the expected JSON, and the parser's error may repeat it.
        SdkError::ServiceError(context) if context.raw().status().is_success() => unreadable(),
        SdkError::ResponseError(_) => unreadable(),
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let error = context.into_err();
            let is_outage = status >= 500
                || matches!(status, 408 | 429)
                || error.code().is_some_and(|code| OUTAGES.contains(&code))
                || is_signature_expired(&error)
                || is_signature_early(&error)
                || crate::clients::throttled(&error);
            let failure = Failure { message, source: Some(error.into()) };
            if is_outage { failure.into() } else { Refused::new(failure).into() }
        }
        other => Failure { message, source: other.into_source().ok() }.into(),
    }
}

fn unreadable() -> BoxError {
    Failure { message: "the response could not be read".to_owned(), source: None }.into()
}

struct Failure {
    message: String,
    source: Option<BoxError>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Failure").field(&Chain(self)).finish()
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}
