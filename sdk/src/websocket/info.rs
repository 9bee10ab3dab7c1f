//! [`ConnectionInfo`]: what API Gateway knows of a connection.

use std::fmt;
use std::time::SystemTime;

use aws_sdk_apigatewaymanagement::operation::get_connection::GetConnectionOutput;

/// What API Gateway knows of a connection
/// ([API](https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html)).
///
/// Its `Debug` does not show the address and the user agent, which are personal data.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The time at which the connection was made.
    pub connected_at: Option<SystemTime>,
    /// The time of the last message in either direction.
    pub last_active_at: Option<SystemTime>,
    /// The address of the client.
    pub source_ip: Option<String>,
    /// The user agent of the client.
    pub user_agent: Option<String>,
}

impl ConnectionInfo {
    pub(super) fn of(output: GetConnectionOutput) -> Self {
        let time = |time: Option<aws_smithy_types::DateTime>| time.and_then(|time| SystemTime::try_from(time).ok());
        let identity = output.identity;
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            connected_at: time(output.connected_at),
            last_active_at: time(output.last_active_at),
            source_ip: identity.as_ref().and_then(|identity| text(identity.source_ip())),
            user_agent: identity.as_ref().and_then(|identity| text(identity.user_agent())),
        }
    }

    #[cfg(feature = "testing")]
    pub(super) fn unknown() -> Self {
        Self { connected_at: None, last_active_at: None, source_ip: None, user_agent: None }
    }
}

impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo")
            .field("connected_at", &self.connected_at)
            .field("last_active_at", &self.last_active_at)
            .finish_non_exhaustive()
    }
}
