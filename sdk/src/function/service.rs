//! From a [`Function`](crate::Function) to the service that the runtime calls.

use std::sync::Arc;

use lambda_runtime::SnapStartResource;

use crate::core::raw::RawService;
use crate::function::lifecycle::Start;

/// What [`run`](crate::run) can run: a [`Function`] whose layers fit its hall.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be run: its layers do not fit its handler",
    note = "the layer of an HTTP function makes a service from `http::Request<http::Body>` to `http::Response<B>` that is `Clone + Send + Sync + 'static`",
    note = "the layer of a record function makes one from `records::Record` to `records::RecordResponse`, that of an event function one from `Incoming` to `RawResponse`"
)]
pub trait IntoRaw {
    /// The whole function: outer layers, door, layers, handler.
    type Raw: RawService;
    /// Whether its responses are streamed.
    #[doc(hidden)]
    type Mode: Mode;

    /// Builds it.
    fn into_raw(self) -> Self::Raw;
    /// What is made during initialisation.
    #[doc(hidden)]
    fn take_start(&mut self) -> Start;
}

/// How responses reach the Runtime API. A type, so that a function that does not stream has nothing of it in its binary.
#[doc(hidden)]
pub trait Mode {
    /// Serves events until the runtime ends.
    fn serve<S: RawService>(
        raw: S,
        snapshot: Option<Arc<dyn SnapStartResource>>,
    ) -> impl Future<Output = Result<(), lambda_runtime::Error>> + 'static;
}

/// Each response is one JSON text.
#[doc(hidden)]
#[derive(Debug)]
pub enum Buffered {}

/// The response of an HTTP function is a stream.
#[cfg(feature = "http")]
#[doc(hidden)]
#[derive(Debug)]
pub enum Streaming {}
