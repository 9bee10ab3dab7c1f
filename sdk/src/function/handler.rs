//! [`Handler`] and [`handler`]: from the arguments of a user's function to its kind.

use crate::function::builder::{Function, Sealed};

/// An async function that Pilaster can run. What its arguments are decides what it handles.
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler: its arguments do not make it a function for any event source",
    label = "not a handler",
    note = "the last argument says what it is a function of: a record, such as `Sqs<T>` or `S3Object`; an event, such as `Event<T>`; or a request, by any extractor",
    note = "each argument must be an extractor: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `Invocation`, `Client<T>`, … from `pilaster` or axum",
    note = "an extractor that takes the body (`Json`, `Form`, `Bytes`, `String`) must be the last argument, and there may be only one",
    note = "the function must be `async` and return a response, such as `Result<Json<T>, HttpError>`; `?` needs an error type that converts into it",
    note = "a function of records or events returns `Result<_, E>` with any error `E`",
    note = "with `#[pilaster::lambda_handler]` on the function the compiler says which argument it is"
)]
pub trait Handler<Marker>: Sized {
    /// The kind of function that it makes.
    type Kind;
    /// The layers that surround it unless others are named.
    type Layers: Default;

    #[doc(hidden)]
    fn into_kind(self, sealed: Sealed) -> Self::Kind;
}

/// Makes a function of a handler; it answers as [`#[lambda_handler]`](crate::lambda_handler) does.
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
