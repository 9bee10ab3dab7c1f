//! [`ChannelContext`]: the event of a channel, decoded once into its parts.

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;
use serde_json::value::RawValue;

use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::json::members::each_member;
use crate::core::raw::Incoming;

/// An operation on a channel.
///
/// # Example
///
/// ```
/// use pilaster::channels::{Access, Authorization, Operation};
///
/// async fn authorize(request: Authorization) -> Access {
///     match request.operation() {
///         Operation::Connect | Operation::Subscribe => Access::allow(),
///         _ => Access::deny(),
///     }
/// }
/// # let _ = authorize;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A client connects; only an authorizer is called for it.
    Connect,
    /// A client publishes events to a channel.
    Publish,
    /// A client subscribes to a channel.
    Subscribe,
}

/// The event of a channel, and the invocation that brought it. A clone shares both.
///
/// As an argument of a handler it gives access to the event as AppSync sent it:
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::channels::{ChannelContext, Handlers};
///
/// async fn admit(context: ChannelContext) -> Result<(), BoxError> {
///     tracing::debug!(length = context.json().len(), "subscribed");
///     Ok(())
/// }
/// # let _ = Handlers::new().subscribe("/chat/*", admit);
/// ```
#[derive(Clone)]
pub struct ChannelContext {
    parts: Arc<Parts>,
}

struct Parts {
    invocation: Invocation,
    json: ByteString,
    path: String,
    namespace: String,
    operation: Operation,
    members: Members,
}

/// The members of the event as JSON; `None` for one that is missing or null.
#[derive(Default)]
struct Members {
    identity: Option<ByteString>,
    request: Option<ByteString>,
    info: Option<ByteString>,
    events: Option<ByteString>,
}

impl ChannelContext {
    /// Decodes the event, without the events of a publish.
    ///
    /// # Errors
    ///
    /// `InvalidEvent`: it is not the event of a channel.
    pub(super) fn decode(incoming: &Incoming) -> Result<Self, FunctionError> {
        let Incoming { event, invocation } = incoming;
        let json = event.get();
        let mut members = Members::default();
        let read = each_member(json, |name, value| {
            let share = || (value.get() != "null").then(|| event.share(value.get()));
            match &*name {
                "identity" => members.identity = share(),
                "request" => members.request = share(),
                "info" => members.info = share(),
                "events" => members.events = share(),
                _ => {}
            }
        });
        read.map_err(|_| wrong("it is not an object"))?;
        let (mut path, mut namespace, mut operation) = (None, None, None);
        let info = members.info.as_deref().unwrap_or("{}");
        let read = each_member(info, |name, value| match &*name {
            "channel" => path = member(value, "path"),
            "channelNamespace" => namespace = member(value, "name"),
            "operation" => operation = text(value),
            _ => {}
        });
        read.map_err(|_| wrong("`info` is not an object"))?;
        let path = path.ok_or_else(|| wrong("missing field `info.channel.path`"))?;
        let is_path = path.strip_prefix('/').is_some_and(|path| path.split('/').all(|segment| !segment.is_empty()));
        if !is_path {
            return Err(wrong("`info.channel.path` is not a path of segments"));
        }
        let operation = match operation.as_deref() {
            Some("PUBLISH") => Operation::Publish,
            Some("SUBSCRIBE") => Operation::Subscribe,
            Some(_) => return Err(wrong("`info.operation` must be PUBLISH or SUBSCRIBE")),
            None => return Err(wrong("missing field `info.operation`")),
        };
        let (invocation, json) = (invocation.clone(), event.share(json));
        let namespace = namespace.unwrap_or_default();
        Ok(Self { parts: Arc::new(Parts { invocation, json, path, namespace, operation, members }) })
    }

    /// Returns the invocation.
    pub fn invocation(&self) -> &Invocation {
        &self.parts.invocation
    }

    /// Returns the event as AppSync sent it.
    pub fn json(&self) -> &str {
        &self.parts.json
    }

    /// Returns the operation: [`Operation::Publish`] or [`Operation::Subscribe`].
    pub fn operation(&self) -> Operation {
        self.parts.operation
    }

    /// Returns the path of the channel.
    pub(super) fn path(&self) -> &str {
        &self.parts.path
    }

    pub(super) fn namespace(&self) -> &str {
        &self.parts.namespace
    }

    /// Returns the identity as JSON; `null` for a client with an API key.
    pub(super) fn identity(&self) -> &str {
        self.parts.members.identity.as_deref().unwrap_or("null")
    }

    pub(super) fn request(&self) -> Option<&str> {
        self.parts.members.request.as_deref()
    }

    pub(super) fn events(&self) -> Option<&ByteString> {
        self.parts.members.events.as_ref()
    }
}

/// Returns the error of an event of another form.
pub(super) fn wrong(why: &str) -> FunctionError {
    FunctionError::new("InvalidEvent", format!("the event is not one of a channel of AppSync: {why}"))
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn member(object: &RawValue, name: &str) -> Option<String> {
    crate::core::json::members::member(object.get(), name).and_then(text)
}

/// The identity and the payloads are not shown.
impl fmt::Debug for ChannelContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelContext")
            .field("operation", &self.operation())
            .field("channel", &self.path())
            .finish_non_exhaustive()
    }
}
