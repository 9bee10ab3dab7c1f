//! [`FromEvent`]: the argument of an event function that is made from the whole event.

use std::pin::Pin;

use crate::core::error::FunctionError;
use crate::core::raw::{Incoming, Outgoing};

/// The last argument of an event function: the whole event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    label = "not an event",
    note = "the last argument of an event function is `Event<T>`, `Schedule` or another event of `pilaster`"
)]
pub trait FromEvent: Sized + Send {
    /// Wraps the call of the whole function, its layers and its time-out, for an event with a response protocol of its own.
    #[doc(hidden)]
    const AROUND: Option<Around> = None;

    /// Decodes the event.
    ///
    /// # Errors
    ///
    /// `InvalidEvent`, with the path of the field: the invocation fails.
    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError>;
}

/// A call of the whole function.
#[doc(hidden)]
pub type Called = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

/// See [`FromEvent::AROUND`].
#[doc(hidden)]
pub type Around = fn(Incoming, Called) -> Called;
