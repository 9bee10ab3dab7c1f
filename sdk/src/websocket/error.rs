//! [`ConnectionError`]: the reason why a message was not sent.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::clients::ClientError;
use crate::core::error::{BoxError, Refusal, chain};
use crate::core::limits::WEBSOCKET_MESSAGE_LIMIT;

/// `Retry-After` after API Gateway has throttled all attempts, in seconds.
const RETRY_AFTER: u32 = 1;

/// The reason why a message was not sent, or a connection not closed or looked up. A connection that is gone is not an error:
/// see [`Sent::Gone`](super::Sent::Gone).
///
/// With `?` in an HTTP function it is a 500, and a 503 with `Retry-After` if API Gateway has throttled all attempts.
pub struct ConnectionError {
    kind: Kind,
    source: Option<BoxError>,
    refusal: Option<Refusal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    TooLarge(usize),
    Connecting,
    Late(Duration),
    Deadline,
    Endpoint(&'static str),
    Body,
    Client,
    Throttled,
    Forbidden,
    Other,
}

impl ConnectionError {
    fn new(kind: Kind) -> Self {
        Self { kind, source: None, refusal: None }
    }

    pub(super) fn too_large(size: usize) -> Self {
        Self::new(Kind::TooLarge(size))
    }

    pub(crate) fn connecting() -> Self {
        Self::new(Kind::Connecting)
    }

    pub(super) fn late(time: Duration) -> Self {
        Self::new(Kind::Late(time))
    }

    pub(super) fn deadline() -> Self {
        Self::new(Kind::Deadline)
    }

    pub(super) fn endpoint(mistake: &'static str) -> Self {
        Self::new(Kind::Endpoint(mistake))
    }

    pub(super) fn client(source: ClientError) -> Self {
        Self { source: Some(source.into()), ..Self::new(Kind::Client) }
    }

    #[cfg(feature = "testing")]
    pub(super) fn refused() -> Self {
        Self::new(Kind::Forbidden)
    }

    pub(super) fn body(source: serde_json::Error) -> Self {
        Self { source: Some(source.into()), ..Self::new(Kind::Body) }
    }

    /// Returns `None` if the connection is gone.
    pub(super) fn of<E>(error: SdkError<E, HttpResponse>) -> Option<Self>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        // Without a body, as of an HTTP `DELETE`, the status alone shows it.
        if error.code() == Some("GoneException") || status == Some(410) {
            return None;
        }
        let kind = match (error.code(), status) {
            (Some("LimitExceededException"), _) | (_, Some(429)) => Kind::Throttled,
            (Some("ForbiddenException" | "AccessDeniedException"), _) | (_, Some(403)) => Kind::Forbidden,
            _ => Kind::Other,
        };
        let refusal = (kind == Kind::Throttled).then(|| Refusal {
            status: 503,
            retry_after: Some(RETRY_AFTER),
            detail: "the messages are throttled",
            text: chain(&error).join(": "),
        });
        Some(Self { kind, source: Some(error.into()), refusal })
    }

    /// Returns `true` if the message has more than 131,072 bytes. It was not sent.
    pub fn is_too_large(&self) -> bool {
        matches!(self.kind, Kind::TooLarge(_))
    }

    /// Returns `true` during `$connect`, until which has returned the connection does not exist.
    pub fn is_connecting(&self) -> bool {
        self.kind == Kind::Connecting
    }

    /// Returns `true` if API Gateway has throttled all attempts.
    pub fn is_throttled(&self) -> bool {
        self.kind == Kind::Throttled
    }

    /// Returns `true` if the role of the function lacks `execute-api:ManageConnections`, or the connection is one of
    /// another API.
    pub fn is_forbidden(&self) -> bool {
        self.kind == Kind::Forbidden
    }

    /// Returns `true` if API Gateway has not responded in time, or the invocation was about to end. The message may have
    /// been sent.
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, Kind::Late(_) | Kind::Deadline)
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::TooLarge(size) => write!(
                f,
                "the message has {size} bytes; the limit of a WebSocket API is {WEBSOCKET_MESSAGE_LIMIT}: send it in parts"
            ),
            Kind::Connecting => f.write_str(
                "the connection does not exist until `$connect` has returned: send from another route, such as one that the \
                 client calls first",
            ),
            Kind::Late(time) => write!(f, "the connection has not taken the message within {time:?}"),
            Kind::Deadline => f.write_str("the message was not sent before the deadline of the invocation"),
            Kind::Endpoint(mistake) => write!(f, "the endpoint of the WebSocket API is unknown: {mistake}"),
            Kind::Body => f.write_str("the message could not be serialized as JSON"),
            Kind::Client => f.write_str("the client of the WebSocket API could not be created"),
            Kind::Throttled => f.write_str("API Gateway throttles the messages to connections"),
            Kind::Forbidden => f.write_str(
                "API Gateway refuses the message: the role needs `execute-api:ManageConnections` for the stage of the connection",
            ),
            Kind::Other => f.write_str("API Gateway has not taken the message"),
        }
    }
}

impl fmt::Debug for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The `Debug` of a cause may have headers.
        let causes = self.source.as_ref().map(|source| chain(&**source)).unwrap_or_default();
        f.debug_struct("ConnectionError").field("kind", &self.kind).field("causes", &causes).finish()
    }
}

impl StdError for ConnectionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let refusal = self.refusal.as_ref().map(|refusal| refusal as &(dyn StdError + 'static));
        refusal.or_else(|| self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static)))
    }
}
