//! [`Handler`] and [`handler`]: select the kind of a function by its arguments.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::Service;

use crate::function::builder::{Function, Sealed};

/// An async function that Pilaster can run. The types of its arguments choose the event source.
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler: an argument or the return type does not fit any kind of function",
    label = "not a handler",
    note = "write `#[pilaster::lambda_handler]` above the function: the compiler then reports the type that does not fit",
    note = "the last argument decides the kind of the function: a record, such as `Sqs<T>` or `S3Object`; an event, such as `Event<T>`; or any extractor of HTTP requests",
    note = "an HTTP function is `async`, takes extractors, of which one that takes the body comes last, and returns a response, such as `Result<Json<T>, HttpError>`",
    note = "a record function returns `Result<(), E>` and an event function `Result<T, E>`, with any error `E`"
)]
pub trait Handler<Marker>: Sized {
    /// The kind of the function.
    type Kind;
    /// The default layers around it.
    type Layers: Default;

    #[doc(hidden)]
    fn into_kind(self, sealed: Sealed) -> Self::Kind;
}

/// Creates a [`Function`] from an async function, as [`#[lambda_handler]`](crate::lambda_handler) does.
///
/// # Example
///
/// ```no_run
/// use pilaster::http::{HttpError, Json};
///
/// async fn double(Json(number): Json<i64>) -> Result<Json<i64>, HttpError> {
///     Ok(Json(number.checked_mul(2).ok_or_else(|| HttpError::unprocessable_entity("too large to double"))?))
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     pilaster::run(pilaster::handler(double).layer(pilaster::http::Stack::new()))
/// }
/// ```
pub fn handler<H, Marker>(handler: H) -> Function<H::Kind, H::Layers>
where
    H: Handler<Marker>,
{
    Function::new(handler.into_kind(Sealed), H::Layers::default())
}

/// The bridge from [`HandlerService`] to `HttpHandler`, `RecordHandler` and `EventHandler`: a handler of one kind of
/// function, which maps its input (a request, a record or an event) to its output.
pub trait Call<Input, Args>: Clone + Send + Sync + Sized + 'static {
    /// The response of the service around it.
    type Output;
    /// The error of the service around it.
    type Error;

    /// Creates the arguments from the input and calls the function.
    fn call(self, input: Input) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// A handler as the innermost service of its function. [`handler`] creates it.
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

impl<F, Args, Input> Service<Input> for HandlerService<F, Args>
where
    F: Call<Input, Args>,
    Input: Send + 'static,
    Args: 'static,
{
    type Response = F::Output;
    type Error = F::Error;
    type Future = Pin<Box<dyn Future<Output = Result<F::Output, F::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), F::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, input: Input) -> Self::Future {
        Box::pin(self.function.clone().call(input))
    }
}

/// Calls a macro with the arguments that a handler may have before its last one: none to seven.
macro_rules! each_arity {
    ($implement:ident) => {
        $implement! {
            [];
            [T1];
            [T1, T2];
            [T1, T2, T3];
            [T1, T2, T3, T4];
            [T1, T2, T3, T4, T5];
            [T1, T2, T3, T4, T5, T6];
            [T1, T2, T3, T4, T5, T6, T7];
        }
    };
}

pub(crate) use each_arity;
