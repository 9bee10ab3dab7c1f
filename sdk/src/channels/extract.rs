//! The arguments of handlers of channels.

pub(crate) mod authorization;
pub(crate) mod channel;
mod identity;
pub(crate) mod payload;
pub(crate) mod publish;

use super::call::ChannelCall;
use super::context::ChannelContext;
use crate::core::error::BoxError;
use crate::core::invocation::FromInvocation;
use crate::function::builder::Sealed;

/// An argument of a handler of channels: a part of the event, or anything that implements [`FromInvocation`].
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::channels::{Channel, ChannelContext, FromChannel, Handlers, Unauthorized};
///
/// /// The room, which is the second segment of the channel.
/// struct Room(String);
///
/// impl FromChannel for Room {
///     async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
///         let channel = Channel::from_channel(context).await?;
///         Ok(Room(channel.segments().nth(1).ok_or(Unauthorized)?.to_owned()))
///     }
/// }
///
/// async fn admit(Room(room): Room) -> Result<(), BoxError> {
///     if room == "secret" { Err(Unauthorized.into()) } else { Ok(()) }
/// }
/// # let _ = Handlers::new().subscribe("/chat/*", admit);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler of channels",
    label = "created neither from an invocation nor from the event of a channel",
    note = "a handler of channels takes `Channel`, `Identity`, `RequestHeaders`, … of `pilaster::channels`, `Client<T>`, `Secret<T>`, `Metrics`, `Invocation`, or a type that implements `pilaster::channels::FromChannel`; `Payload<T>` is for `publish`, `Publish<T>`, as the last argument, for `publish_all`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait FromChannel: Sized + Send {
    /// Creates the argument.
    ///
    /// # Errors
    ///
    /// The reason why it could not be created: the handler is not called.
    fn from_channel(context: &ChannelContext) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

impl<T: FromInvocation> FromChannel for T {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        T::from_invocation(context.invocation()).await
    }
}

impl FromChannel for ChannelContext {
    async fn from_channel(context: &ChannelContext) -> Result<Self, BoxError> {
        Ok(context.clone())
    }
}

/// An argument of a handler of single events: [`Payload<T>`](super::Payload), or anything that implements
/// [`FromChannel`]. Other crates implement that.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler of events",
    label = "created neither from an event nor from its channel",
    note = "a handler of `publish` takes `Payload<T>`, `Channel`, `Identity`, `RequestHeaders`, … of `pilaster::channels`, `Client<T>`, `Secret<T>`, `Metrics`, `Invocation`, or a type that implements `pilaster::channels::FromChannel`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait FromPublished: Sized + Send {
    #[doc(hidden)]
    fn from_published(call: &ChannelCall, sealed: Sealed) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

impl<T: FromChannel> FromPublished for T {
    async fn from_published(call: &ChannelCall, _: Sealed) -> Result<Self, BoxError> {
        T::from_channel(call.context()).await
    }
}
