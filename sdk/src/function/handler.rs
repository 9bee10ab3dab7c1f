//! [`Handler`] and [`handler`]: from the arguments of an async function to its kind.

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
    /// The kind of function that it makes.
    type Kind;
    /// The layers around it unless others are named.
    type Layers: Default;

    #[doc(hidden)]
    fn into_kind(self, sealed: Sealed) -> Self::Kind;
}

/// Makes a [`Function`] of an async function, as [`#[lambda_handler]`](crate::lambda_handler) does.
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
