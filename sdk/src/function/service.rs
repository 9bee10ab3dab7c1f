//! From a [`Function`](crate::Function) to the service that the runtime calls.

use crate::core::raw::RawService;
use crate::function::lifecycle::Start;

/// What [`run`](crate::run) can run: a [`Function`] whose layers fit its hall.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be run: its layers do not fit its handler",
    note = "the layer of an HTTP function makes a service from `http::Request<http::Body>` to `http::Response<B>` that is `Clone + Send + Sync + 'static`",
    note = "the layer of a record function makes one from `records::Record` to `records::Answer`, that of an event function one from `Incoming` to `Outgoing`"
)]
pub trait IntoRaw {
    /// The whole function: outer layers, door, layers, handler.
    type Raw: RawService;
    /// Whether its responses may be streams. A constant, so that a function that does not stream has nothing of it in its binary.
    #[doc(hidden)]
    const STREAMS: bool = false;

    /// Builds it.
    fn into_raw(self) -> Self::Raw;
    /// What is made during initialisation.
    #[doc(hidden)]
    fn take_start(&mut self) -> Start;
}
