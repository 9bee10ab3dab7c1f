//! The events of a channel of AppSync Events, and the request to its Lambda authorizer
//! (<https://docs.aws.amazon.com/appsync/latest/eventapi/direct-lambda-integrations.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::BoxError;
//! use pilaster::channels::{CognitoUser, Handlers, Payload};
//! use pilaster::testing::{Caller, channel_publish, channel_subscribe};
//! use serde_json::json;
//!
//! async fn shout(Payload(text): Payload<String>) -> Result<Option<String>, BoxError> {
//!     Ok((!text.is_empty()).then(|| text.to_uppercase()))
//! }
//! async fn admit(_: CognitoUser) -> Result<(), BoxError> {
//!     Ok(())
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let caller = Caller::new(Handlers::new().publish("/chat/*", shout).subscribe("/chat/*", admit));
//! let publish = channel_publish("/chat/room").with_id("1", "hello").with_id("2", "");
//! let response = caller.call(publish).await?;
//! assert_eq!(response, json!({ "events": [{ "id": "1", "payload": "HELLO" }] }));
//! assert_eq!(caller.call(channel_subscribe("/chat/*").cognito("ada", [])).await?, json!(null));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::appsync_identity::{cognito, iam, value};
use super::content::{ACCOUNT, built, uuid};

/// Builds the event of a publish to a channel, such as `/chat/room`, without events.
pub fn channel_publish(path: impl Into<String>) -> ChannelEvent {
    ChannelEvent::new("PUBLISH", path.into(), Some(Vec::new()))
}

/// Builds the event of a subscription to a channel, such as `/chat/room` or `/chat/*`.
pub fn channel_subscribe(path: impl Into<String>) -> ChannelEvent {
    ChannelEvent::new("SUBSCRIBE", path.into(), None)
}

/// A builder of an event of a channel. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct ChannelEvent {
    operation: &'static str,
    path: String,
    identity: Value,
    headers: Map<String, Value>,
    events: Option<Vec<Value>>,
}

impl ChannelEvent {
    fn new(operation: &'static str, path: String, events: Option<Vec<Value>>) -> Self {
        let host = json!("example.appsync-api.eu-central-1.amazonaws.com");
        let headers = Map::from_iter([("host".to_owned(), host)]);
        Self { operation, path, identity: Value::Null, headers, events }
    }

    /// Adds an event with an id that differs from that of the others.
    ///
    /// # Panics
    ///
    /// If the payload cannot be serialized as JSON, or for a subscription, which has no events.
    pub fn with(self, payload: impl Serialize) -> Self {
        let number = self.events.as_ref().map_or(0, Vec::len) + 1;
        self.with_id(uuid(0xe7e0, number), payload)
    }

    /// Adds an event with this id.
    ///
    /// # Panics
    ///
    /// If the payload cannot be serialized as JSON, or for a subscription, which has no events.
    pub fn with_id(mut self, id: impl Into<String>, payload: impl Serialize) -> Self {
        let event = json!({ "payload": value(payload), "id": id.into() });
        match &mut self.events {
            Some(events) => events.push(event),
            None => panic!("a subscription has no events: build them by `channel_publish`"),
        }
        self
    }

    /// Sets the identity as JSON; the default is null, that of an API key.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn identity(mut self, identity: impl Serialize) -> Self {
        self.identity = value(identity);
        self
    }

    /// Sets the identity to that of a user of a Cognito user pool, in these groups.
    pub fn cognito<'a>(self, username: &str, groups: impl IntoIterator<Item = &'a str>) -> Self {
        self.identity(cognito(username, groups))
    }

    /// Sets the identity to that of an IAM role.
    pub fn iam(self, role: &str) -> Self {
        self.identity(iam(role))
    }

    /// Sets the identity to what a Lambda authorizer put into its response.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn lambda_context(self, context: impl Serialize) -> Self {
        let context = value(context);
        self.identity(json!({ "handlerContext": context }))
    }

    /// Adds a header of the client's request: a text, or a list of texts for a repeated one.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn header(mut self, name: &str, header: impl Serialize) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value(header));
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let segments = self.path.split('/').skip(1).collect::<Vec<_>>();
        json!({
            "identity": self.identity,
            "result": null,
            "request": { "headers": self.headers, "domainName": null },
            "info": {
                "channel": { "path": self.path, "segments": segments },
                "channelNamespace": { "name": segments.first() },
                "operation": self.operation,
            },
            "error": null,
            "prev": null,
            "stash": {},
            "outErrors": [],
            "events": self.events,
        })
    }
}

/// Builds the request to the Lambda authorizer of an Events API, for a client with this token that connects.
///
/// # Example
///
/// ```
/// use pilaster::testing::channel_authorization;
///
/// let event = channel_authorization("acme.7").event();
/// assert_eq!(event["requestContext"]["operation"], "EVENT_CONNECT");
/// let event = channel_authorization("acme.7").publish("/chat/room").event();
/// assert_eq!(event["requestContext"]["channelNamespaceName"], "chat");
/// ```
pub fn channel_authorization(token: impl Into<String>) -> ChannelAuthorizationEvent {
    ChannelAuthorizationEvent { token: token.into(), operation: "EVENT_CONNECT", channel: None, headers: Map::new() }
}

/// A builder of a request to a Lambda authorizer. See [`channel_authorization`].
#[derive(Clone)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct ChannelAuthorizationEvent {
    token: String,
    operation: &'static str,
    channel: Option<String>,
    headers: Map<String, Value>,
}

impl ChannelAuthorizationEvent {
    /// Sets the operation to a publish to this channel.
    pub fn publish(self, channel: impl Into<String>) -> Self {
        Self { operation: "EVENT_PUBLISH", channel: Some(channel.into()), ..self }
    }

    /// Sets the operation to a subscription to this channel.
    pub fn subscribe(self, channel: impl Into<String>) -> Self {
        Self { operation: "EVENT_SUBSCRIBE", channel: Some(channel.into()), ..self }
    }

    /// Adds a header of the client's request.
    pub fn header(mut self, name: &str, header: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), json!(header));
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        json!({
            "authorizationToken": self.token,
            "requestContext": {
                "apiId": "giy7kumfmvcqvbedntjwjvagii",
                "accountId": ACCOUNT,
                "requestId": "b80ed838-14c6-4500-b4c3-b694c7bef086",
                "operation": self.operation,
                "channelNamespaceName": self.channel.as_ref().and_then(|channel| channel.split('/').nth(1)),
                "channel": self.channel,
            },
            "requestHeaders": self.headers,
        })
    }
}

/// The token is not shown.
impl std::fmt::Debug for ChannelAuthorizationEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelAuthorizationEvent")
            .field("operation", &self.operation)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

built!(ChannelEvent, ChannelAuthorizationEvent);

#[cfg(test)]
mod tests {
    use super::super::shape;
    use super::*;

    #[test]
    fn the_events_have_the_shape_of_real_ones() {
        let publish =
            channel_publish("/default/channel").with(json!({ "event_1": "data_1" })).with(json!({ "event_2": "" }));
        shape::same("channels/publish.json", &publish.event(), &["request.headers"]);
    }

    #[test]
    #[should_panic(expected = "a subscription has no events")]
    fn a_subscription_with_events_panics() {
        let _ = channel_subscribe("/chat/room").with(1);
    }
}
