//! [`Handler`] and [`handler`]: select the kind of a function by its arguments.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
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
    note = "the last argument decides the kind of the function: a record, such as `Sqs<T>` or `S3Object`; an event, such as `Event<T>`; a part of an event of AppSync, such as `Arguments<T>`; or any extractor of HTTP requests",
    note = "a handler of a channel is registered by `pilaster::channels::Handlers`, a tool by `pilaster::tools::Tools::add`",
    note = "an HTTP function is `async`, takes extractors, of which one that takes the body comes last, and returns a response, such as `Result<Json<T>, HttpError>`",
    note = "a record function returns `Result<(), E>`, an event function and a resolver of AppSync `Result<T, E>`, with any error `E`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
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
pub(crate) trait Call<Input, Args>: Clone + Send + Sync + Sized + 'static {
    /// The response of the service around it.
    type Output;
    /// The error of the service around it.
    type Error;

    /// Creates the arguments from the input and calls the function.
    fn call(self, input: Input) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// A handler as the innermost service of its function. [`handler`] creates it.
///
/// Its type does not contain the handler's, so the layers around it are compiled once for all functions of a kind.
pub struct HandlerService<Input, Output, Error> {
    function: Arc<dyn Fn(Input) -> ServiceFuture<Output, Error> + Send + Sync>,
}

type ServiceFuture<Output, Error> = Pin<Box<dyn Future<Output = Result<Output, Error>> + Send>>;

impl<Input: 'static, Output, Error> HandlerService<Input, Output, Error> {
    pub(crate) fn new<F, Args>(function: F) -> Self
    where
        F: Call<Input, Args, Output = Output, Error = Error>,
        Args: 'static,
    {
        Self { function: Arc::new(move |input| Box::pin(function.clone().call(input))) }
    }
}

impl<Input, Output, Error> Clone for HandlerService<Input, Output, Error> {
    fn clone(&self) -> Self {
        Self { function: Arc::clone(&self.function) }
    }
}

impl<Input, Output, Error> fmt::Debug for HandlerService<Input, Output, Error> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerService").finish_non_exhaustive()
    }
}

impl<Input, Output, Error> Service<Input> for HandlerService<Input, Output, Error> {
    type Response = Output;
    type Error = Error;
    type Future = ServiceFuture<Output, Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, input: Input) -> Self::Future {
        (self.function)(input)
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
