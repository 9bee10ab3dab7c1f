//! What `#[lambda_handler]` writes into `main` around the call of [`run`](crate::run): checks that tell a mistake once, where
//! it was made, with what to write instead. No public API.
//!
//! Two things make rustc do so. A check that fails has no result type, and of what has no type rustc says nothing more. And
//! each trait has a second implementation, for what is [`Never`]: with only one, rustc would go on to what that one wants,
//! and report this instead of our text.
//!
//! A new kind of function adds its marker and implements the traits for it; the macro stays as it is.
#![allow(missing_docs)]

use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::error::ErrorType;
use crate::function::StartError;
use crate::function::builder::{Function, Sealed};
use crate::function::handler::Handler;
use crate::function::service::IntoService;

/// What the arguments make of the function: unknown at first, and the same for all of them.
#[derive(Debug, Default)]
pub struct Kind<K>(PhantomData<K>);

pub const fn kind<K>() -> Kind<K> {
    Kind(PhantomData)
}

/// A type of the function's signature, without a value.
#[derive(Debug)]
pub struct Type<T: ?Sized>(PhantomData<T>);

pub const fn of<T: ?Sized>() -> Type<T> {
    Type(PhantomData)
}

/// The function's future, which must be `Send`; nobody asks again whether it is.
pub fn sent<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
    future
}

/// What every check has: the function that goes through it, of a type that is known only if it holds.
macro_rules! check {
    ($kind:ty) => {
        type Checked<X>;

        // The kind first: rustc decides by what it has read so far.
        fn checked<X>(_: &Kind<$kind>, _: Type<Self>, function: X) -> Self::Checked<X>;
    };
}

/// The last argument, which says what the function is of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "no extractor",
    note = "an HTTP function takes extractors, of `pilaster::http` or of axum: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `RequestContext`, `String`, `Bytes`, …",
    note = "every function takes `pilaster::Invocation` and `pilaster::Client<T>`",
    note = "a record (`Sqs<T>`, `S3Object`, …) or an event (`Event<T>`) is the last argument, and makes the function one of records or events",
    note = "what you wrote yourself is received as `Json<T>` or `Query<T>`, made as `Client<T>`, or implements `pilaster::http::FromRequestParts`",
    note = "an extractor also asks something of the type that it holds"
)]
pub trait Argument<K, M> {
    check!(K);
}

/// An argument before the last, which has said what the function is of. The same words as above: it may be wrong in the same ways.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "no extractor",
    note = "an HTTP function takes extractors, of `pilaster::http` or of axum: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `RequestContext`, `String`, `Bytes`, …",
    note = "every function takes `pilaster::Invocation` and `pilaster::Client<T>`",
    note = "a record (`Sqs<T>`, `S3Object`, …) or an event (`Event<T>`) is the last argument, and makes the function one of records or events",
    note = "what you wrote yourself is received as `Json<T>` or `Query<T>`, made as `Client<T>`, or implements `pilaster::http::FromRequestParts`",
    note = "an extractor also asks something of the type that it holds"
)]
pub trait Beside<K, M> {
    check!(K);
}

/// An argument that is not the last.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes the body of the request, so it must be the last argument",
    label = "move it to the end",
    note = "there is one body, which one argument can take: of two that do, keep one",
    note = "a record or an event comes last as well; before it stand `Client<T>`, `Secret<T>`, `Invocation`, and what the record says of itself"
)]
pub trait Part<K, M> {
    check!(K);
}

/// What the function answers when all is well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler",
    label = "no response",
    note = "a function of records answers with `()`, one of events with what implements `serde::Serialize`",
    note = "an HTTP function answers with `Json<T>`, `Created<T>`, `NoContent`, `String`, `StatusCode`, `(StatusCode, Json<T>)`, … of `pilaster::http`, or with what is `pilaster::http::IntoResponse`"
)]
pub trait Answer<K, M> {
    check!(K);
}

/// What the function fails with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "no error that can be answered",
    note = "a function of records or events fails with any `std::error::Error`, or with `pilaster::BoxError`",
    note = "an HTTP function fails with `pilaster::http::HttpError`, which `?` makes of any `std::error::Error`",
    note = "the status of an error of your own is named by `ErrorLayer::on`"
)]
pub trait Failure<K, M> {
    check!(K);
}

/// What is within `Json<T>` and others as an argument.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be received: it does not implement `serde::Deserialize`",
    label = "what is within does not implement `Deserialize`",
    note = "write `#[derive(serde::Deserialize)]` above it; it has to own what it holds"
)]
pub trait Received<K, M> {
    check!(K);
}

/// What is within `Valid<_>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be validated: it does not implement `garde::Validate`",
    label = "what is within does not implement `Validate`",
    note = "write `#[derive(garde::Validate)]` above it and its rules above its fields; `garde` is a dependency of your own"
)]
pub trait Validated<K, M> {
    check!(K);
}

/// What is within `Json<T>` and others as an answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent: it does not implement `serde::Serialize`",
    label = "what is within does not implement `Serialize`",
    note = "write `#[derive(serde::Serialize)]` above it"
)]
pub trait Sent<K, M> {
    check!(K);
}

/// What is within `Client<T>`.
#[diagnostic::on_unimplemented(
    message = "the registry does not know how to make `{Self}`: it does not implement `pilaster::FromClients`",
    label = "what is within does not implement `FromClients`",
    note = "implement it, or turn on pilaster's feature for this AWS client (`dynamodb`, `s3`, …)"
)]
pub trait Made<K, M> {
    check!(K);
}

/// What is within `Secret<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which secret it is read from: it does not implement `pilaster::FromSecret`",
    label = "what is within does not implement `FromSecret`",
    note = "write `#[derive(serde::Deserialize, pilaster::FromSecret)] #[secret(id = \"…\")]` above it, or `#[secret(env = \"DB_SECRET\")]`"
)]
pub trait Secreted<K, M> {
    check!(K);
}

/// What is within `Parameter<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which parameter it is read from: it does not implement `pilaster::FromParameter`",
    label = "what is within does not implement `FromParameter`",
    note = "write `#[derive(serde::Deserialize, pilaster::FromParameter)] #[parameter(name = \"…\")]` above it, or `#[parameter(env = \"LIMIT_PARAMETER\")]`"
)]
pub trait Configured<K, M> {
    check!(K);
}

/// What is given as `layer = ..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the layer of this handler",
    label = "does not fit around the handler",
    note = "the layer of an HTTP function is a `pilaster::http::Stack`; your own layers and those of tower-http go into it: `layer = http::Stack::new().layer(..)`",
    note = "the layer of a function of records or events is a `tower::Layer` of `pilaster::records::Record` or of `pilaster::Incoming`",
    note = "a function that makes the layer is called: `layer = api()`",
    note = "a layer around the raw event, such as `SecretsLayer`, is added by `pilaster::Function::outer`"
)]
pub trait Layered<H, M>: Sized {
    type Checked<X>;

    fn checked<L, O>(function: Function<H, L, O>, layer: Self) -> Self::Checked<Function<H, Self, O>>;
}

/// Runs the function that `make` makes; a panic of its layers is a sentence.
///
/// # Errors
///
/// Those of [`run`](crate::run).
pub fn run<F: IntoService>(make: impl FnOnce() -> F) -> Result<(), StartError> {
    crate::runtime::run_made(make)
}

/// Names the errors of a function that say an `errorType` themselves; this one is found first.
pub trait NamedError {
    fn named<H, L, O>(&self, function: Function<H, L, O>) -> Function<H, L, O>;
}

impl<E: ErrorType> NamedError for Type<E> {
    fn named<H, L, O>(&self, function: Function<H, L, O>) -> Function<H, L, O> {
        function.with_error_type::<E>()
    }
}

/// All other errors keep the name of their type.
pub trait UnnamedError {
    fn named<F>(&self, function: F) -> F;
}

impl<E: ?Sized> UnnamedError for &Type<E> {
    fn named<F>(&self, function: F) -> F {
        function
    }
}

/// A function whose records run side by side.
#[diagnostic::on_unimplemented(
    message = "`concurrency` and `batch` are options of functions of records",
    label = "for functions of records only",
    note = "such a function takes a record, such as `Sqs<T>`, as its last argument"
)]
pub trait Batched: Sized {
    fn concurrency(self, records: usize) -> Self;
    #[cfg(feature = "records")]
    fn batch(self, batch: crate::records::Batch) -> Self;
}

/// A function of whole events, whose work is cancelled before its deadline.
#[diagnostic::on_unimplemented(
    message = "`margin` is an option of functions of whole events",
    label = "for functions of whole events only",
    note = "an HTTP function sets it by `pilaster::http::Stack::deadline`, one of records by `pilaster::records::Batch::margin`"
)]
pub trait Timed: Sized {
    fn margin(self, margin: impl Into<Option<Duration>>) -> Self;
}

/// A function whose responses are streamed.
#[diagnostic::on_unimplemented(
    message = "`streaming` is an option of HTTP functions",
    label = "for HTTP functions only",
    note = "only the response to a request can be a stream"
)]
pub trait Streamed: Sized {
    type Streaming;

    fn streaming(self) -> Self::Streaming;
}

/// Without the macro there is one message too.
impl<T: Never> Handler<Nothing> for T {
    type Kind = ();
    type Layers = ();

    fn into_kind(self, _: Sealed) {}
}

impl<T: Never, H> Layered<H, Nothing> for T {
    type Checked<X> = X;

    fn checked<L, O>(function: Function<H, L, O>, layer: Self) -> Function<H, Self, O> {
        function.map_layers(|_| layer)
    }
}

/// The body of every implementation: the function as it was.
macro_rules! holds {
    ($kind:ty) => {
        type Checked<X> = X;

        fn checked<X>(_: &Kind<$kind>, _: Type<Self>, function: X) -> X {
            function
        }
    };
}

/// Nothing is.
pub trait Never {}

/// The marker of what never applies.
#[derive(Debug)]
pub enum Nothing {}

/// The marker of what always applies.
#[derive(Debug)]
pub enum Any {}

/// Where nothing has to hold.
#[derive(Debug)]
pub enum Free {}

macro_rules! never {
    ($($check:ident)*) => {$(
        impl<K, T: Never + ?Sized> $check<K, Nothing> for T { holds!(K); }
        impl<K> $check<K, Any> for Free { holds!(K); }
    )*};
}

never! { Argument Beside Part Answer Failure Received Validated Sent Made Secreted Configured }

impl<K, T: DeserializeOwned> Received<K, ()> for T {
    holds!(K);
}

impl<K, T: Serialize> Sent<K, ()> for T {
    holds!(K);
}

/// What is within a type, by name of the check: nothing, unless there is an inherent method of the same name.
pub trait Within {
    type Value: ?Sized;

    fn received(&self) -> Type<Free> {
        of()
    }
    fn validated(&self) -> Type<Free> {
        of()
    }
    fn made(&self) -> Type<Free> {
        of()
    }
    fn secreted(&self) -> Type<Free> {
        of()
    }
    fn configured(&self) -> Type<Free> {
        of()
    }
    fn sent(&self) -> Type<Free> {
        of()
    }
    fn answer(&self) -> Type<Self::Value> {
        of()
    }
    fn failure(&self) -> Type<Free> {
        of()
    }
}

impl<T: ?Sized> Within for Type<T> {
    type Value = T;
}

impl<T, E> Type<Result<T, E>> {
    pub fn answer(&self) -> Type<T> {
        of()
    }
    pub fn failure(&self) -> Type<E> {
        of()
    }
}

#[cfg(feature = "clients")]
mod clients {
    use super::{Kind, Made, Type, of};
    use crate::clients::{Client, FromClients};

    impl<K, T: FromClients> Made<K, ()> for T {
        holds!(K);
    }

    impl<T> Type<Client<T>> {
        pub fn made(&self) -> Type<T> {
            of()
        }
    }
}

#[cfg(feature = "secrets")]
mod secrets {
    use super::{Kind, Secreted, Type, of};
    use crate::config::secrets::{FromSecret, Secret};

    impl<K, T: FromSecret> Secreted<K, ()> for T {
        holds!(K);
    }

    impl<T> Type<Secret<T>> {
        pub fn secreted(&self) -> Type<T> {
            of()
        }
    }
}

#[cfg(feature = "parameters")]
mod parameters {
    use super::{Configured, Kind, Type, of};
    use crate::config::parameters::{FromParameter, Parameter};

    impl<K, T: FromParameter> Configured<K, ()> for T {
        holds!(K);
    }

    impl<T> Type<Parameter<T>> {
        pub fn configured(&self) -> Type<T> {
            of()
        }
    }
}

#[path = "private/events.rs"]
mod events;

#[cfg(feature = "records")]
#[path = "private/records.rs"]
mod records;

#[cfg(feature = "http")]
#[path = "private/http.rs"]
mod http;
