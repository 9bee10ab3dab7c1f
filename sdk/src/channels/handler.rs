//! [`PublishHandler`], [`PublishAllHandler`] and [`SubscribeHandler`]: create the arguments of a handler from the event of
//! its channel, and convert its result into the response.

use serde::Serialize;

use super::call::{ByPublish, ByPublishAll, BySubscribe, ChannelCall, ChannelResponse};
use super::extract::publish::FromPublish;
use super::extract::{FromChannel, FromPublished};
use super::outgoing::Outgoing;
use crate::core::error::BoxError;
use crate::function::builder::Sealed;
use crate::function::handler::{Call, each_arity};

/// The return type of a handler of single events: `Result<Option<T>, E>`, with any `T` that can be serialized and any error.
/// `None` is not broadcast.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a handler of events",
    label = "not a valid return type",
    note = "a handler of `publish` returns `Result<Option<T>, E>`: `T`, the payload that is broadcast, implements `serde::Serialize`, `None` is not broadcast, `E` is any error",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait PublishResult {
    /// Returns the event of the response. Other crates cannot implement it.
    ///
    /// # Errors
    ///
    /// The error of the function.
    fn into_event(self, id: &str, sealed: Sealed) -> Result<Option<Outgoing>, BoxError>;
}

impl<T: Serialize, E: Into<BoxError>> PublishResult for Result<Option<T>, E> {
    fn into_event(self, id: &str, _: Sealed) -> Result<Option<Outgoing>, BoxError> {
        Ok(self.map_err(Into::into)?.map(|payload| Outgoing::payload(id, &payload)))
    }
}

/// The return type of a handler of all events: `Result<Vec<Outgoing>, E>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a handler of all events",
    label = "not a valid return type",
    note = "a handler of `publish_all` returns `Result<Vec<Outgoing>, E>`, with `pilaster::channels::Outgoing` and any error `E`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait PublishAllResult {
    /// Returns the events of the response. Other crates cannot implement it.
    ///
    /// # Errors
    ///
    /// The error of the function, which fails all events.
    fn into_events(self, sealed: Sealed) -> Result<Vec<Outgoing>, BoxError>;
}

impl<E: Into<BoxError>> PublishAllResult for Result<Vec<Outgoing>, E> {
    fn into_events(self, _: Sealed) -> Result<Vec<Outgoing>, BoxError> {
        self.map_err(Into::into)
    }
}

/// The return type of a handler of subscriptions: `Result<(), E>`, with any error, which refuses the subscriber.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a handler of subscriptions",
    label = "not a valid return type",
    note = "a handler of `subscribe` returns `Result<(), E>`: an error refuses the subscriber",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait SubscribeResult {
    /// Returns `Ok` for a subscriber that is let in. Other crates cannot implement it.
    ///
    /// # Errors
    ///
    /// The error of the function.
    fn into_result(self, sealed: Sealed) -> Result<(), BoxError>;
}

impl<E: Into<BoxError>> SubscribeResult for Result<(), E> {
    fn into_result(self, _: Sealed) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// An async function for single events of a publish, whose arguments implement [`FromPublished`].
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of events",
    label = "an argument or the return type does not fit",
    note = "a handler of `publish` is an `async` function with at least one argument, such as `Payload<T>` or `Channel` of `pilaster::channels`; one with a `Publish<T>` is added by `publish_all`",
    note = "it returns `Result<Option<T>, E>`: `T`, the payload that is broadcast, implements `serde::Serialize`, `None` is not broadcast, `E` is any error",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait PublishHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// Creates the arguments and calls the function.
    fn publish(
        self,
        call: ChannelCall,
        sealed: Sealed,
    ) -> impl Future<Output = Result<Option<Outgoing>, BoxError>> + Send;
}

/// An async function for all events of a publish: its last argument is a [`Publish`](super::Publish), the others implement
/// [`FromChannel`].
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of all events",
    label = "an argument or the return type does not fit",
    note = "a handler of `publish_all` is an `async` function whose last argument is `Publish<T>` of `pilaster::channels`",
    note = "it returns `Result<Vec<Outgoing>, E>`, with `pilaster::channels::Outgoing` and any error `E`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait PublishAllHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// Creates the arguments and calls the function.
    fn publish(self, call: ChannelCall, sealed: Sealed)
    -> impl Future<Output = Result<Vec<Outgoing>, BoxError>> + Send;
}

/// An async function for subscriptions, whose arguments implement [`FromChannel`].
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of subscriptions",
    label = "an argument or the return type does not fit",
    note = "a handler of `subscribe` is an `async` function with at least one argument, such as `Channel` or `Identity` of `pilaster::channels`",
    note = "it returns `Result<(), E>`: an error refuses the subscriber",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait SubscribeHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// Creates the arguments and calls the function.
    fn subscribe(self, call: ChannelCall, sealed: Sealed) -> impl Future<Output = Result<(), BoxError>> + Send;
}

macro_rules! handlers {
    ($([$($part:ident),*];)*) => {$(
        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* T> PublishHandler<($($part,)* T,)> for F
        where
            F: Fn($($part,)* T) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: PublishResult,
            $($part: FromPublished,)*
            T: FromPublished,
        {
            async fn publish(self, call: ChannelCall, _: Sealed) -> Result<Option<Outgoing>, BoxError> {
                let id = call.events().first().ok_or("a layer has changed the number of events")?.id().to_owned();
                $(let $part = $part::from_published(&call, Sealed).await?;)*
                let last = T::from_published(&call, Sealed).await?;
                drop(call);
                self($($part,)* last).await.into_event(&id, Sealed)
            }
        }

        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* T> PublishAllHandler<($($part,)* T,)> for F
        where
            F: Fn($($part,)* T) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: PublishAllResult,
            $($part: FromChannel,)*
            T: FromPublish,
        {
            async fn publish(self, call: ChannelCall, _: Sealed) -> Result<Vec<Outgoing>, BoxError> {
                let (events, failed) = T::from_events(&call, Sealed);
                let failed = failed.into_iter();
                let failed = failed.filter_map(|(index, error)| Some(Outgoing::error(call.events().get(index)?.id(), error)));
                let failed = failed.collect::<Vec<_>>();
                if !events.has_events(Sealed) {
                    return Ok(failed);
                }
                $(let $part = $part::from_channel(call.context()).await?;)*
                drop(call);
                let mut answers = self($($part,)* events).await.into_events(Sealed)?;
                answers.extend(failed);
                Ok(answers)
            }
        }

        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* T> SubscribeHandler<($($part,)* T,)> for F
        where
            F: Fn($($part,)* T) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: SubscribeResult,
            $($part: FromChannel,)*
            T: FromChannel,
        {
            async fn subscribe(self, call: ChannelCall, _: Sealed) -> Result<(), BoxError> {
                $(let $part = $part::from_channel(call.context()).await?;)*
                let last = T::from_channel(call.context()).await?;
                drop(call);
                self($($part,)* last).await.into_result(Sealed)
            }
        }
    )*};
}

each_arity!(handlers);

impl<F: PublishHandler<Args>, Args: 'static> Call<ChannelCall, ByPublish<Args>> for F {
    type Output = ChannelResponse;
    type Error = BoxError;

    async fn call(self, call: ChannelCall) -> Result<ChannelResponse, BoxError> {
        Ok(ChannelResponse::new(self.publish(call, Sealed).await?))
    }
}

impl<F: PublishAllHandler<Args>, Args: 'static> Call<ChannelCall, ByPublishAll<Args>> for F {
    type Output = ChannelResponse;
    type Error = BoxError;

    async fn call(self, call: ChannelCall) -> Result<ChannelResponse, BoxError> {
        Ok(ChannelResponse::new(self.publish(call, Sealed).await?))
    }
}

impl<F: SubscribeHandler<Args>, Args: 'static> Call<ChannelCall, BySubscribe<Args>> for F {
    type Output = ChannelResponse;
    type Error = BoxError;

    async fn call(self, call: ChannelCall) -> Result<ChannelResponse, BoxError> {
        self.subscribe(call, Sealed).await?;
        Ok(ChannelResponse::default())
    }
}
