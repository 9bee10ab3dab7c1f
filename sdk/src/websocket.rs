//! Messages to the connections of a WebSocket API.
//!
//! [`http::Connection`](crate::http::Connection) is the connection of an event, in a function behind a WebSocket API.
//! [`Connections`] are those of a whole API, by their ids: an argument of such a function, and in any other one, such as
//! the consumer of a stream, a [client](crate::Client) whose API the variable `CONNECTIONS_URL` names.
//!
//! # The endpoint
//!
//! Messages go to `https://{apiId}.execute-api.{region}.amazonaws.com/{stage}` of the event's API, whatever the domain
//! of the event: a custom domain does not serve `@connections`. Each endpoint has a client of its own, and all of them
//! share the configuration and the connection pool of the AWS clients. `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`
//! replaces the endpoint, with its stage.
//!
//! # Limits
//!
//! A message has at most 131,072 bytes
//! ([quotas](https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html));
//! a larger one is refused before the call. API Gateway sends it in frames of 32 KB, and bills each 32 KB as a message. A
//! message *from* a client must come in frames of at most 32 KB, or API Gateway closes the connection with 1009. A
//! connection ends after 2 hours, or after 10 minutes without a message.
//!
//! # Gone connections
//!
//! A connection that is gone is not an error: it is [`Sent::Gone`], and its id can be forgotten. **Until `$connect` has
//! returned, a connection is gone too:** [`Connection::send`](crate::http::Connection::send) is an error there, and another
//! function that learns the id meanwhile should keep an id of the last seconds.
//!
//! The role of the function needs `execute-api:ManageConnections` on
//! `arn:aws:execute-api:{region}:{account}:{apiId}/{stage}/POST/@connections/*`; [`close`](Connections::close) needs it
//! for `DELETE` and [`info`](Connections::info) for `GET`.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{Connection, HttpError, Json};
//!
//! #[derive(serde::Deserialize)]
//! struct Ping {
//!     text: String,
//! }
//!
//! async fn ping(connection: Connection, Json(ping): Json<Ping>) -> Result<(), HttpError> {
//!     let _gone_is_fine = connection.send(ping.text).await?;
//!     Ok(())
//! }
//! # let _ = ping;
//! ```

mod broadcast;
mod connections;
mod endpoints;
mod error;
#[cfg(feature = "testing")]
mod inbox;
mod info;
mod sent;

pub use self::broadcast::Broadcast;
pub use self::connections::Connections;
pub(crate) use self::endpoints::Api;
pub use self::error::ConnectionError;
#[cfg(feature = "testing")]
pub use self::inbox::Inbox;
pub use self::info::ConnectionInfo;
pub use self::sent::Sent;

#[cfg(test)]
pub(crate) mod tests;
