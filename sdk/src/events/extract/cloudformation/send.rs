//! Sends the response to CloudFormation: a `PUT` to the presigned URL of the request.

use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde::Deserialize;

use crate::clients::{Clients, Connections};
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;

/// The maximum number of attempts.
const ATTEMPTS: u32 = 5;

/// The time-out of one attempt, and of all of them in total.
const ATTEMPT: Duration = Duration::from_secs(5);
const ALL: Duration = Duration::from_secs(30);

/// The pause before the second attempt; each following one is four times as long.
const PAUSE: Duration = Duration::from_millis(100);

/// The URL of a request. Anyone with the URL can respond in place of the function, so it is never shown.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct ResponseUrl(String);

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(..)")
    }
}

impl ResponseUrl {
    /// Returns `true` if it has the scheme of a URL (RFC 3986, section 3.1). A caller other than CloudFormation sends
    /// `...`.
    pub(super) fn is_url(&self) -> bool {
        let Some((scheme, _)) = self.0.split_once(':') else { return false };
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    }

    /// Returns `true` if the response is sent, which it is not locally and in users' tests.
    pub(super) fn is_answered(&self) -> bool {
        match cfg!(test) {
            true => !self.0.starts_with("https://local.invalid/"),
            false => is_on_lambda(),
        }
    }

    /// Returns `true` if the scheme is `https`, or `http` with a custom AWS endpoint.
    fn is_allowed(&self) -> bool {
        let scheme = self.0.parse::<http::Uri>().ok().and_then(|uri| uri.scheme_str().map(str::to_owned));
        match scheme.as_deref() {
            Some("https") => true,
            Some("http") => cfg!(test) || crate::core::env::is_set("AWS_ENDPOINT_URL"),
            _ => false,
        }
    }
}

/// Returns `true` if Lambda runs the function, or a test of this module does.
pub(super) fn is_on_lambda() -> bool {
    cfg!(test) || crate::core::env::is_on_lambda()
}

/// The reason why an attempt failed, and `true` if a retry is useless.
struct Failed {
    why: String,
    is_final: bool,
}

/// Delivers the response to CloudFormation.
///
/// # Errors
///
/// `CloudFormationResponseFailed`: the response could not be delivered.
pub(super) async fn send(url: &ResponseUrl, document: String, invocation: &Invocation) -> Result<(), FunctionError> {
    let not_delivered = |why: &str| {
        FunctionError::new(
            "CloudFormationResponseFailed",
            format!("the response could not be delivered to CloudFormation: {why}"),
        )
    };
    if !url.is_allowed() {
        return Err(not_delivered("the `ResponseURL` of the event must be an `https` URL"));
    }
    let clients = Clients::within(invocation);
    let connections = clients.get::<Connections>().await.map_err(FunctionError::from_error)?;
    let connector = connections.connector();
    let time =
        invocation.remaining().filter(|remaining| !remaining.is_zero()).map_or(ALL, |remaining| remaining.min(ALL));
    let ends = tokio::time::Instant::now() + time;
    let mut pause = PAUSE;
    for attempt in 1.. {
        let until = ends.min(tokio::time::Instant::now() + ATTEMPT);
        let put = tokio::time::timeout_at(until, put(&connector, url, &document)).await;
        let failed = match put {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failed)) => failed,
            Err(_) => Failed { why: "S3 did not respond in time".to_owned(), is_final: false },
        };
        let next = tokio::time::Instant::now() + pause;
        if failed.is_final || attempt == ATTEMPTS || next >= ends {
            return Err(not_delivered(&failed.why));
        }
        tracing::warn!(attempt, why = failed.why, "the response could not be delivered to CloudFormation; retrying");
        tokio::time::sleep_until(next).await;
        pause *= 4;
    }
    Ok(())
}

async fn put(connector: &SharedHttpConnector, url: &ResponseUrl, document: &str) -> Result<(), Failed> {
    let wrong = |why: &str| Failed { why: why.to_owned(), is_final: true };
    // No content type is sent: the signature of the URL requires an empty one.
    let mut request = HttpRequest::new(SdkBody::from(document));
    request.set_method("PUT").map_err(|_| wrong("the method `PUT` is not supported"))?;
    request.set_uri(url.0.as_str()).map_err(|_| wrong("the `ResponseURL` of the event is not a URL"))?;
    let response = connector.call(request).await.map_err(|error| {
        // The innermost cause is the reason; no cause contains the URL.
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Failed { why: format!("the connection failed: {cause}"), is_final: false }
    })?;
    match response.status().as_u16() {
        200..=299 => Ok(()),
        status => {
            let is_final = !matches!(status, 408 | 429 | 500..);
            Err(Failed { why: format!("S3 responded with {status}"), is_final })
        }
    }
}
