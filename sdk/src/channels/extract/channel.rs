//! [`Channel`]: the channel of an event.

use std::fmt;

use super::super::context::ChannelContext;
use super::FromChannel;
use crate::core::error::BoxError;

/// The channel to which a client publishes or subscribes.
///
/// A client may subscribe to `/chat/*`, which is each channel below `/chat`: then the last segment is `*`, and
/// [`is_wildcard`](Self::is_wildcard) is `true`. Such a subscription also covers channels that have a more specific handler,
/// which is not asked: refuse it in the handler of `/chat/*` if a channel below is for fewer clients.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::channels::{Channel, Handlers, Unauthorized};
///
/// async fn admit(channel: Channel) -> Result<(), BoxError> {
///     if channel.is_wildcard() { Err(Unauthorized.into()) } else { Ok(()) }
/// }
/// # let _ = Handlers::new().subscribe("/chat/*", admit);
/// ```
#[derive(Clone)]
pub struct Channel(ChannelContext);

impl Channel {
    /// Returns the path, such as `/chat/room`.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Returns the segments of the path, of which the first is the namespace.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.path().trim_start_matches('/').split('/')
    }

    /// Returns the name of the namespace.
    pub fn namespace(&self) -> &str {
        self.0.namespace()
    }

    /// Returns `true` for a subscription to each channel below a path.
    pub fn is_wildcard(&self) -> bool {
        self.path().ends_with("/*")
    }
}

impl FromChannel for Channel {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        Ok(Self(context.clone()))
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.path()).finish()
    }
}
