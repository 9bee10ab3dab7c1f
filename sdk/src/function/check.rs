//! The checks of a handler that all kinds of functions share, for `#[lambda_handler]`. Not public API: see
//! [`core::check`](crate::core::check) for how they work.
#![allow(missing_docs)]

use std::task::{Context, Poll};
use std::time::Duration;

use tower::layer::util::Stack;
use tower::{Layer, Service};

use crate::core::check::probe::{Is, Never, NoError, Nothing, Type, check};
use crate::core::error::{ErrorType, FunctionError};
use crate::core::raw::{Incoming, Outgoing, RawService};
use crate::function::builder::{Function, Sealed};
use crate::function::handler::Handler;

/// Requires that the future of a handler is `Send`.
pub fn require_send<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
    future
}

check! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be the last argument of a handler",
        label = "not an extractor",
        note = "an HTTP function takes extractors of `pilaster::http` or axum: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `RequestContext`, `String`, `Bytes`, …",
        note = "a record function takes a record as its last argument: `Sqs<T>`, `S3Object`, …; an event function takes an event: `Event<T>`, `Schedule`, …; a resolver of AppSync a part of its event: `Arguments<T>`, `Source<T>`, …",
        note = "a handler of a channel, with `Payload<T>` or `Channel`, is registered by `pilaster::channels::Handlers`, a tool, with `Input<T>`, by `pilaster::tools::Tools::add`: write them without `#[lambda_handler]`, and `pilaster::run(..)` in `fn main`",
        note = "for your own type, take `Json<T>`, `Query<T>` or `Client<T>` of it, or implement `pilaster::http::FromRequestParts`",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsLastExtractor;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be an argument of this handler",
        label = "not an extractor of this kind of function",
        note = "an HTTP function takes extractors of `pilaster::http` or axum: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `RequestContext`, `String`, `Bytes`, …",
        note = "a record or an event function takes `Client<T>`, `Secret<T>`, `Parameter<T>`, `Metrics` and `Invocation` before the record or the event, and a record function also metadata of the record, such as `SqsMessage`; a resolver of AppSync takes them before its last argument, a part of its event",
        note = "for your own type, take `Json<T>`, `Query<T>` or `Client<T>` of it, or implement `pilaster::http::FromRequestParts`",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsExtractor;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` must be the last argument",
        label = "move it to the end",
        note = "it takes the body of the request, the record or the event, so there can be only one such argument",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsPartsExtractor;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned from this handler",
        label = "not a `Result`",
        note = "an event function and a resolver of AppSync return `Result<T, E>`: `T` implements `serde::Serialize`, and `E` is any `std::error::Error` or `pilaster::BoxError`",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsReturned;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned from this handler",
        label = "not a response of this kind of function",
        note = "an HTTP function returns `Json<T>`, `Created<T>`, `NoContent`, `String`, `StatusCode`, `(StatusCode, Json<T>)`, … of `pilaster::http`, or another `pilaster::http::IntoResponse`",
        note = "a record function returns `Result<(), E>`, with `Firehose<T>` `Result<TransformedRecord, E>`, with `S3BatchTask` also `Result<String, E>`",
        note = "an event function and a resolver of AppSync return `Result<T, E>`, where `T` implements `serde::Serialize`; a resolver of batches returns `Result<Batched<T>, E>`",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsResponse;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be the error of this handler",
        label = "not a valid error type",
        note = "an HTTP function returns `pilaster::http::HttpError`, into which `?` converts any `std::error::Error`; `ErrorLayer::on` sets the status of an error type",
        note = "a record or an event function and a resolver of AppSync return any `std::error::Error`, or `pilaster::BoxError`",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsError;

    impl [K, E: Is<NoError>] IsError<K, NoError> for E;
}

/// Checks the layer of `layer = ..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the layer of this handler",
    label = "does not fit around this kind of function",
    note = "an HTTP function takes a stack: `layer = pilaster::http::Stack::new().layer(..)`, or a call of a function that returns one: `layer = api()`",
    note = "a record function takes a `tower::Layer` of services of `pilaster::records::Record`, such as `pilaster::records::from_fn(..)`, an event function one of services of `pilaster::Incoming`, a resolver of AppSync one of services of `pilaster::appsync::FieldCall`",
    note = "a layer of raw events, such as `SecretsLayer` or `MetricsLayer`, is added by `outer = ..`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait IsLayer<H, M>: Sized {
    type Checked<X>;

    fn check<L, O>(function: Function<H, L, O>, layer: Self) -> Self::Checked<Function<H, Self, O>>;
}

impl<T: Never, H> IsLayer<H, Nothing> for T {
    type Checked<X> = X;

    fn check<L, O>(function: Function<H, L, O>, layer: Self) -> Function<H, Self, O> {
        function.map_layers(|_| layer)
    }
}

/// Checks the layer of `outer = ..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an outer layer",
    label = "not a layer of raw events",
    note = "an outer layer is a `tower::Layer` of services from `pilaster::Incoming` to `pilaster::Outgoing` whose error is `pilaster::FunctionError`, such as `SecretsLayer` or `MetricsLayer`",
    note = "a layer of HTTP requests goes into the stack: `layer = pilaster::http::Stack::new().layer(..)`; a layer of records is added by `layer = ..`",
    note = "a function that returns the layer is called: `outer = metrics()`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait IsOuterLayer<M>: Sized {
    type Checked<X>;

    fn check<H, L, O>(function: Function<H, L, O>, layer: Self) -> Self::Checked<Function<H, L, Stack<Self, O>>>;
}

impl<T: Never> IsOuterLayer<Nothing> for T {
    type Checked<X> = X;

    fn check<H, L, O>(function: Function<H, L, O>, layer: Self) -> Function<H, L, Stack<Self, O>> {
        function.outer(layer)
    }
}

impl<T: Layer<AnyService, Service: RawService>> IsOuterLayer<()> for T {
    type Checked<X> = X;

    fn check<H, L, O>(function: Function<H, L, O>, layer: Self) -> Function<H, L, Stack<Self, O>> {
        function.outer(layer)
    }
}

/// A raw service, with which the type that a layer produces is checked.
#[derive(Clone, Debug)]
pub enum AnyService {}

impl Service<Incoming> for AnyService {
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = std::future::Ready<Result<Outgoing, FunctionError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        match *self {}
    }

    fn call(&mut self, _: Incoming) -> Self::Future {
        match *self {}
    }
}

/// Options of HTTP functions.
#[diagnostic::on_unimplemented(
    message = "`route` and `streaming` are options of HTTP functions",
    label = "only for HTTP functions",
    note = "remove the option: records and events have no routes, and their responses are not streamed",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
// A parameter instead of an associated type, which the compiler would report a second time.
pub trait IsHttpFunction<Streaming>: Sized {
    fn route(self, route: &'static str) -> Self;
    fn streaming(self) -> Streaming;
}

/// Options of record functions.
#[diagnostic::on_unimplemented(
    message = "`batch` is an option of record functions",
    label = "only for record functions",
    note = "a record function takes a record, such as `Sqs<T>`, as its last argument",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait IsRecordFunction: Sized {
    type Batch;

    fn batch(self, batch: Self::Batch) -> Self;
}

/// The option of functions that are called for each of several records or items.
#[diagnostic::on_unimplemented(
    message = "`concurrency` is an option of record functions and of resolvers of AppSync",
    label = "only for functions of records and of fields",
    note = "a record function takes a record, such as `Sqs<T>`, as its last argument, a resolver a part of an event of AppSync, such as `Arguments<T>`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait HasConcurrency: Sized {
    fn concurrency(self, calls: usize) -> Self;
}

/// The option of functions whose work is cancelled before the deadline.
#[diagnostic::on_unimplemented(
    message = "`margin` is an option of event functions and of resolvers of AppSync",
    label = "only for functions of events and of fields",
    note = "an HTTP function sets it by `pilaster::http::Stack::deadline`, a record function by `pilaster::records::Batch::margin`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait HasMargin: Sized {
    fn margin(self, margin: impl Into<Option<Duration>>) -> Self;
}

impl<E: ErrorType> Type<E> {
    /// Returns the function with the error types that name the `errorType` of a failed invocation.
    pub fn pilaster_error_type<H, L, O>(self, function: Function<H, L, O>) -> Function<H, L, O> {
        function.with_error_type::<E>()
    }
}

/// A second implementation, so that the compiler reports the message of [`Handler`] and not the requirement of one
/// kind.
impl<T: Never> Handler<Nothing> for T {
    type Kind = ();
    type Layers = ();

    fn into_kind(self, _: Sealed) {}
}
