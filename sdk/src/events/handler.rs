//! A user's async function as a service of whole events: its arguments are made of the event and its invocation.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::Serialize;
use tower::Service;

use crate::core::error::{BoxError, FunctionError};
pub use crate::core::event::{Around, Called, FromEvent};
use crate::core::invocation::FromInvocation;
use crate::core::raw::{Incoming, Outgoing};

/// The type of the error of a function that returned a value, and no JSON can be made of it.
const NOT_JSON: &str = "InvalidResponse";

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

/// Counts the call, and whether the function returned an error.
#[cfg(feature = "cloudformation")]
async fn counted(
    invocation: &crate::core::invocation::Invocation,
    called: impl Future<Output = Result<Outgoing, FunctionError>>,
) -> Result<Outgoing, FunctionError> {
    invocation.call_began();
    let response = called.await;
    // A value that is not JSON was returned by a function that succeeded.
    if response.as_ref().is_err_and(|error| error.error_type() != NOT_JSON) {
        invocation.call_refused();
    }
    response
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
                let called = counted(&invocation, called);
                called.await
            }
        }
    )*};
}

handlers! {
    [];
    [T1];
    [T1, T2];
    [T1, T2, T3];
    [T1, T2, T3, T4];
    [T1, T2, T3, T4, T5];
    [T1, T2, T3, T4, T5, T6];
    [T1, T2, T3, T4, T5, T6, T7];
}

/// The service that an event function is. Made by [`pilaster::handler`](crate::function::builder).
pub struct HandlerService<F, Args> {
    function: F,
    args: PhantomData<fn() -> Args>,
}

impl<F, Args> HandlerService<F, Args> {
    pub(crate) fn new(function: F) -> Self {
        Self { function, args: PhantomData }
    }
}

impl<F: Clone, Args> Clone for HandlerService<F, Args> {
    fn clone(&self) -> Self {
        Self::new(self.function.clone())
    }
}

impl<F, Args> fmt::Debug for HandlerService<F, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerService").finish_non_exhaustive()
    }
}

impl<F, Args> Service<Incoming> for HandlerService<F, Args>
where
    F: EventHandler<Args>,
    Args: 'static,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        Box::pin(self.function.clone().handle(incoming))
    }
}
