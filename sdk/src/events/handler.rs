//! [`EventHandler`]: creates the arguments of an event function from the event and its invocation, and converts its
//! result into the response.

use serde::Serialize;

use crate::core::error::{BoxError, FunctionError};
use crate::core::from_event::INVALID_RESPONSE;
pub use crate::core::from_event::{EventFuture, FromEvent, Wrap};
use crate::core::invocation::FromInvocation;
use crate::core::raw::{Incoming, Outgoing};
use crate::function::builder::Sealed;
use crate::function::handler::{Call, each_arity};

/// The return type of an event function: `Result<T, E>`, with any `T` that can be serialized and any error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from an event function",
    label = "not a valid return type",
    note = "an event function returns `Result<T, E>`: `T` implements `serde::Serialize`, `E` is any error",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait EventResult {
    /// Creates the response. Other crates cannot implement it.
    ///
    /// # Errors
    ///
    /// The error of the function; `InvalidResponse` for a value that cannot be serialized as JSON.
    fn into_response(self, sealed: Sealed) -> Result<Outgoing, FunctionError>;
}

impl<T: Serialize, E: Into<BoxError> + 'static> EventResult for Result<T, E> {
    fn into_response(self, _: Sealed) -> Result<Outgoing, FunctionError> {
        let value = self.map_err(FunctionError::of)?;
        Outgoing::serialize(&value).map_err(|error| {
            FunctionError::new(INVALID_RESPONSE, format!("the result cannot be serialized as JSON: {error}"))
        })
    }
}

/// An async function whose last argument is an event; the others implement [`FromInvocation`].
///
/// The crate implements it for async functions; other crates cannot.
pub trait EventHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// The event.
    type Event: FromEvent;

    /// Creates the arguments and calls the function.
    fn handle(self, incoming: Incoming, sealed: Sealed)
    -> impl Future<Output = Result<Outgoing, FunctionError>> + Send;
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

            async fn handle(self, incoming: Incoming, _: Sealed) -> Result<Outgoing, FunctionError> {
                #[cfg(feature = "cloudformation")]
                let invocation = incoming.invocation.clone();
                let called = async move {
                    $(let $part = $part::from_invocation(&incoming.invocation).await.map_err(FunctionError::of)?;)*
                    let event = T::from_event(&incoming)?;
                    drop(incoming);
                    self($($part,)* event).await.into_response(Sealed)
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
        self.handle(incoming, Sealed)
    }
}
