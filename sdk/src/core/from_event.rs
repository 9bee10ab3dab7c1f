//! [`FromEvent`]: the argument of an event function that is made from the whole event.

use std::pin::Pin;

use crate::core::error::FunctionError;
use crate::core::raw::{Incoming, Outgoing};

/// The `errorType` of a function whose value cannot be written as JSON.
pub(crate) const INVALID_RESPONSE: &str = "InvalidResponse";

/// The last argument of an event function: the whole event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "the last argument of an event function is `Event<T>`, `Schedule` or another event of `pilaster`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait FromEvent: Sized + Send {
    /// A wrapper around the call of the whole function, its layers and its time-out, for an event with a response
    /// protocol of its own.
    #[doc(hidden)]
    const WRAP: Option<Wrap> = None;

    /// Decodes the event.
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
