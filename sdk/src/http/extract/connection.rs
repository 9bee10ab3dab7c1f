//! [`Connection`]: the connection of an event of a WebSocket API.

use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use super::client::registry;
use crate::core::invocation::Invocation;
use crate::http::error::{HttpError, Rejection};
use crate::http::extract::context::{EventKind, RequestContext};
use crate::websocket::{Api, ConnectionError, ConnectionInfo, Connections, Sent};

/// The connection whose message, `$connect` or `$disconnect` the event is. An extractor.
///
/// It sends whether or not the route has a route response, which the body of a response needs. See
/// [`websocket`](crate::websocket) for the limits, the endpoint and the IAM action.
///
/// An event of another source is a 400, so that a route of the WebSocket API is not open over an HTTP API of the same
/// function.
///
/// # Example
///
/// ```
/// use pilaster::http::{Connection, HttpError, Json};
/// use pilaster::websocket::Connections;
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Message {
///     to: String,
///     text: String,
/// }
///
/// async fn forward(
///     connection: Connection,
///     connections: Connections,
///     Json(message): Json<Message>,
/// ) -> Result<(), HttpError> {
///     if connections.send_json(&message.to, &message).await?.is_gone() {
///         let _sent = connection.send("hello").await?;
///     }
///     Ok(())
/// }
/// # let _ = forward;
/// ```
#[derive(Clone)]
pub struct Connection {
    id: String,
    event: Event,
    connections: Connections,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Connect,
    Message,
    Disconnect,
}

impl Connection {
    /// Returns the id of the connection.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the connections of the same API.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Sends a message to the client.
    ///
    /// # Errors
    ///
    /// Those of [`Connections::send`], and always during `$connect`: the connection does not exist until it has
    /// returned. During `$disconnect` it is [`Sent::Gone`].
    pub async fn send(&self, message: impl Into<Bytes>) -> Result<Sent, ConnectionError> {
        match self.event {
            Event::Connect => Err(ConnectionError::connecting()),
            Event::Message => self.connections.send(&self.id, message).await,
            Event::Disconnect => Ok(Sent::Gone),
        }
    }

    /// Sends a value to the client, as JSON.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send), and that the value cannot be serialized.
    pub async fn send_json(&self, value: &impl Serialize) -> Result<Sent, ConnectionError> {
        match self.event {
            Event::Connect => Err(ConnectionError::connecting()),
            Event::Message => self.connections.send_json(&self.id, value).await,
            Event::Disconnect => Ok(Sent::Gone),
        }
    }

    /// Closes the connection. During `$connect`, respond with a status of 4xx instead.
    ///
    /// # Errors
    ///
    /// Those of [`Connections::close`], and always during `$connect`.
    pub async fn close(&self) -> Result<(), ConnectionError> {
        match self.event {
            Event::Connect => Err(ConnectionError::connecting()),
            Event::Message => self.connections.close(&self.id).await,
            Event::Disconnect => Ok(()),
        }
    }

    /// Returns what API Gateway knows of the connection; `None` if it is gone.
    ///
    /// # Errors
    ///
    /// Those of [`Connections::info`], and always during `$connect`.
    pub async fn info(&self) -> Result<Option<ConnectionInfo>, ConnectionError> {
        match self.event {
            Event::Connect => Err(ConnectionError::connecting()),
            Event::Message => self.connections.info(&self.id).await,
            Event::Disconnect => Ok(None),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("id", &self.id).field("event", &self.event).finish_non_exhaustive()
    }
}

/// Returns the context of an event of a WebSocket API.
fn context(parts: &Parts) -> Result<RequestContext, Rejection> {
    let context = RequestContext::of(parts)?;
    if context.kind() != EventKind::WebSocket {
        return Err(Rejection::new(StatusCode::BAD_REQUEST, "this is a route of the WebSocket API"));
    }
    Ok(context)
}

impl<S: Send + Sync> FromRequestParts<S> for Connections {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(of_event(parts, &context(parts)?))
    }
}

fn of_event(parts: &Parts, context: &RequestContext) -> Connections {
    let text = |name: &str| context.get::<String>(name).unwrap_or_default();
    let api = Api { id: text("apiId"), stage: text("stage") };
    let deadline = parts.extensions.get::<Invocation>().and_then(Invocation::deadline);
    Connections::of(registry(&parts.extensions), api, deadline)
}

impl<S: Send + Sync> FromRequestParts<S> for Connection {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let context = context(parts)?;
        let id = context.get::<String>("connectionId").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| HttpError::internal("the event has no `connectionId`"))?;
        let event = match context.get::<String>("eventType").as_deref() {
            Some("CONNECT") => Event::Connect,
            Some("DISCONNECT") => Event::Disconnect,
            _ => Event::Message,
        };
        Ok(Self { id, event, connections: of_event(parts, &context) })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Connection {
    type Rejection = Rejection;

    /// Returns `None` for an event of another source.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        if context(parts).is_err() {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Connections {
    type Rejection = Rejection;

    /// Returns `None` for an event of another source.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Ok(context(parts).ok().map(|context| of_event(parts, &context)))
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
