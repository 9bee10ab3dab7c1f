//! One GET to a server on localhost.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::config::cache::Refused;
use crate::core::error::BoxError;

/// The time-out of a call; Powertools uses the same.
const LONGEST: Duration = Duration::from_secs(3);
/// The maximum size of a response: above AppConfig's largest configuration (4 MB, from S3) and any secret
/// or parameter (64 KB).
const LARGEST: usize = 8 * 1024 * 1024;
/// The maximum length of an error response that is searched for its reason.
const LONGEST_REASON: usize = 4096;

/// The prefixes of AWS error codes that count as refusals.
const REFUSALS: &[&str] = &[
    "AccessDenied",
    "DecryptionFailure",
    "DisabledException",
    "InvalidKeyId",
    "KMSAccessDenied",
    "KMSDisabled",
    "KMSInvalidState",
    "KMSNotFound",
    "KeyUnavailable",
    "ParameterNotFound",
    "ParameterVersionNotFound",
    "ResourceNotFound",
];
/// The prefixes of AWS error codes that count as outages despite a status below 500.
const OUTAGES: &[&str] = &[
    "DependencyTimeout",
    "ExpiredToken",
    "InternalFailure",
    "InternalServ",
    "InvalidSignature",
    "KMSInternal",
    "ProvisionedThroughputExceeded",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestTime",
    "ServiceUnavailable",
    "Throttl",
    "TooManyRequests",
];

/// Returns the body of a 200; any other response is an error with only the status, since its text may repeat the
/// request.
///
/// The error code classifies a response with a status below 500: its `__type` ([JSON
/// protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization)), or the
/// first AWS code in its text, which precedes AWS's message. Without a known code, a 403 or 404 ([Secrets Manager
/// Agent](https://github.com/aws/aws-secretsmanager-agent)) is a refusal. A 400 is not: an extension that is
/// starting or overloaded also returns it.
pub(super) async fn get(
    port: u16,
    path: &str,
    header: Option<(&'static str, &str)>,
    whose: &str,
) -> Result<Vec<u8>, BoxError> {
    let Ok(received) = tokio::time::timeout(LONGEST, exchange(port, path, header)).await else {
        return Err(format!("no response within {LONGEST:?} from {whose}").into());
    };
    match received {
        Ok((StatusCode::OK, body)) => Ok(body),
        Ok((status, body)) => {
            let failure = format!("status {status} from {whose}");
            if is_refusal(status, &body) { Err(Refused::new(failure).into()) } else { Err(failure.into()) }
        }
        Err(error) => Err(Failed { message: format!("no response on port {port} from {whose}"), source: error }.into()),
    }
}

fn is_refusal(status: StatusCode, body: &[u8]) -> bool {
    if !status.is_client_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) {
        return false;
    }
    let body = body.get(..LONGEST_REASON).unwrap_or(body);
    let named = match serde_json::from_slice::<Coded>(body) {
        Ok(Coded { code }) => is_refused_by(code.rsplit('#').next().unwrap_or_default()),
        // The message may later contain a resource with any name, so the first code applies.
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(is_refused_by)
        }
    };
    named.unwrap_or(matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND))
}

/// Returns `true` if an AWS error code is a refusal; `None` for an unknown code.
fn is_refused_by(code: &str) -> Option<bool> {
    let begins = |codes: &[&str]| codes.iter().any(|start| code.starts_with(start));
    if begins(REFUSALS) { Some(true) } else { begins(OUTAGES).then_some(false) }
}

#[derive(Deserialize)]
struct Coded {
    #[serde(rename = "__type", alias = "code", alias = "Code")]
    code: String,
}

async fn exchange(
    port: u16,
    path: &str,
    header: Option<(&'static str, &str)>,
) -> Result<(StatusCode, Vec<u8>), BoxError> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::get(path).header(HOST, format!("localhost:{port}"));
    if let Some((name, value)) = header {
        let mut value = HeaderValue::from_str(value)?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let request = request.body(Empty::<Bytes>::new())?;
    let received = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await?;
        Ok((status, body.to_bytes().to_vec()))
    };
    // The connection belongs to the exchange and ends with it.
    tokio::pin!(received, connection);
    tokio::select! {
        biased;
        received = &mut received => received,
        ended = &mut connection => {
            ended?;
            received.await
        }
    }
}

#[derive(Debug)]
struct Failed {
    message: String,
    source: BoxError,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
