//! A user's async function as a service of whole events: its arguments are made of the event and its invocation.

use std::pin::Pin;

use serde::Serialize;

use crate::core::error::{BoxError, FunctionError};
use crate::core::invocation::FromInvocation;
use crate::core::raw::{Incoming, Outgoing};
use crate::function::handler::{Call, each_arity};

/// The `errorType` of a function that returned a value that cannot be written as JSON.
pub(crate) const NOT_JSON: &str = "InvalidResponse";

/// The last argument of an event function: the whole event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    label = "not an event",
    note = "the last argument of an event function is `Event<T>`, `Schedule` or another event of `pilaster`"
)]
pub trait FromEvent: Sized + Send {
    /// What surrounds the whole function, its layers and its time-out, where an event is answered in a way of its own.
    #[doc(hidden)]
    const WRAP: Option<Wrap> = None;

    /// Makes it of the event.
    ///
    /// # Errors
    ///
    /// `InvalidEvent`, with the path of the field: the invocation fails.
    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError>;
}

/// A call of the whole function.
#[doc(hidden)]
pub type EventFuture = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

/// See [`FromEvent::WRAP`].
#[doc(hidden)]
pub type Wrap = fn(Incoming, EventFuture) -> EventFuture;

/// What an event function returns: `Result<T, E>`, with any `T` that can be serialized and any error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a function of events",
    label = "no answer to an event",
    note = "a function of events returns `Result<T, E>`: `T` implements `serde::Serialize`, `E` is any error"
)]
pub trait EventResult {
    /// The answer's text, or why the invocation failed.
    ///
    /// # Errors
    ///
    /// The function's own; `InvalidResponse` for a value that is no JSON.
    fn into_response(self) -> Result<Outgoing, FunctionError>;
}

impl<T: Serialize, E: Into<BoxError> + 'static> EventResult for Result<T, E> {
    fn into_response(self) -> Result<Outgoing, FunctionError> {
        let value = self.map_err(FunctionError::of)?;
        Outgoing::serialize(&value)
            .map_err(|error| FunctionError::new(NOT_JSON, format!("the answer cannot be written as JSON: {error}")))
    }
}

/// An async function whose last argument is an event and whose others are [`FromInvocation`].
///
/// It is implemented by functions; nobody implements it by hand.
pub trait EventHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// The event.
    type Event: FromEvent;

    /// Makes the arguments and calls the function.
    fn handle(self, incoming: Incoming) -> impl Future<Output = Result<Outgoing, FunctionError>> + Send;
}

macro_rules! handlers {
    ($([$($part:ident),*];)*) => {$(
        #[allow(non_snake_case)]
        impl<F, Fut, Res, $($part,)* T> EventHandler<($($part,)* T,)> for F
        where
            F: Fn($($part,)* T) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: EventResult,
            $($part: FromInvocation,)*
            T: FromEvent,
        {
            type Event = T;

            async fn handle(self, incoming: Incoming) -> Result<Outgoing, FunctionError> {
                #[cfg(feature = "cloudformation")]
                let invocation = incoming.invocation.clone();
                let called = async move {
                    $(let $part = $part::from_invocation(&incoming.invocation).await.map_err(FunctionError::of)?;)*
                    let event = T::from_event(&incoming)?;
                    drop(incoming);
                    self($($part,)* event).await.into_response()
                };
                #[cfg(feature = "cloudformation")]
                let called = crate::events::calls::Calls::counted(&invocation, called);
                called.await
            }
        }
    )*};
}

each_arity!(handlers);

impl<F: EventHandler<Args>, Args: 'static> Call<Incoming, Args> for F {
    type Output = Outgoing;
    type Error = FunctionError;

    fn call(self, incoming: Incoming) -> impl Future<Output = Result<Outgoing, FunctionError>> + Send {
        self.handle(incoming)
    }
}
