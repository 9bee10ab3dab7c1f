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

use serde::Serialize;
use serde::de::DeserializeOwned;

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

/// An argument, wherever it stands.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "no extractor",
    note = "an HTTP function takes extractors, of `pilaster::http` or of axum: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `RequestContext`, `String`, `Bytes`, …",
    note = "every function takes `pilaster::Invocation` and `pilaster::Client<T>`",
    note = "what you wrote yourself is received as `Json<T>` or `Query<T>`, made as `Client<T>`, or implements `pilaster::http::FromRequestParts`"
)]
pub trait Argument<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// An argument that is not the last.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes the body of the request, so it must be the last argument",
    label = "move it to the end",
    note = "there is one body, which one argument can take: of two that do, keep one"
)]
pub trait Part<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// What the function answers when all is well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler",
    label = "no response",
    note = "an HTTP function answers with `Json<T>`, `Created<T>`, `NoContent`, `String`, `StatusCode`, `(StatusCode, Json<T>)`, … of `pilaster::http`, or with what is `pilaster::http::IntoResponse`"
)]
pub trait Answer<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// What the function fails with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "no response for this error",
    note = "an HTTP function fails with `pilaster::http::HttpError`, which `?` makes of any `std::error::Error`",
    note = "the status of an error of your own is named by `ErrorLayer::on`"
)]
pub trait Failure<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// What is within `Json<T>` and others as an argument.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be received: it does not implement `serde::Deserialize`",
    label = "what is within does not implement `Deserialize`",
    note = "write `#[derive(serde::Deserialize)]` above it; it has to own what it holds"
)]
pub trait Received<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// What is within `Json<T>` and others as an answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent: it does not implement `serde::Serialize`",
    label = "what is within does not implement `Serialize`",
    note = "write `#[derive(serde::Serialize)]` above it"
)]
pub trait Sent<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// What is within `Client<T>`.
#[diagnostic::on_unimplemented(
    message = "the registry does not know how to make `{Self}`: it does not implement `pilaster::FromClients`",
    label = "what is within does not implement `FromClients`",
    note = "implement it, or turn on pilaster's feature for this AWS client (`dynamodb`, `s3`, …)"
)]
pub trait Made<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// What is within `Secret<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which secret it is read from: it does not implement `pilaster::FromSecret`",
    label = "what is within does not implement `FromSecret`",
    note = "write `#[derive(serde::Deserialize, pilaster::FromSecret)] #[secret(id = \"…\")]` above it, or `#[secret(env = \"DB_SECRET\")]`"
)]
pub trait Secreted<K, M> {
    type Checked<X>;

    fn checked<X>(_: Type<Self>, _: &Kind<K>, function: X) -> Self::Checked<X>;
}

/// The body of every implementation: the function as it was.
macro_rules! holds {
    ($kind:ty) => {
        type Checked<X> = X;

        fn checked<X>(_: Type<Self>, _: &Kind<$kind>, function: X) -> X {
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
        impl<T: Never + ?Sized> $check<Nothing, Nothing> for T { holds!(Nothing); }
        impl<K> $check<K, Any> for Free { holds!(K); }
    )*};
}

never! { Argument Part Answer Failure Received Sent Made Secreted }

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
    fn made(&self) -> Type<Free> {
        of()
    }
    fn secreted(&self) -> Type<Free> {
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

#[cfg(feature = "http")]
mod http {
    use axum_core::extract::{FromRequest, FromRequestParts};
    use axum_core::response::{ErrorResponse, IntoResponse};

    use super::{Answer, Argument, Failure, Kind, Part, Type, of};
    use crate::http::{Created, Json, Path, Query};

    /// The kind of HTTP functions.
    #[derive(Debug)]
    pub enum Http {}

    impl<T: FromRequest<(), M>, M> Argument<Http, M> for T {
        holds!(Http);
    }

    impl<T: FromRequestParts<()>> Part<Http, ()> for T {
        holds!(Http);
    }

    impl<T: IntoResponse> Answer<Http, ()> for T {
        holds!(Http);
    }

    impl<E: IntoResponse> Failure<Http, ()> for E {
        holds!(Http);
    }

    impl Failure<Http, ErrorResponse> for ErrorResponse {
        holds!(Http);
    }

    /// What these hold is decoded or encoded by serde.
    macro_rules! holding {
        ($check:ident: $($outer:ident)*) => {$(
            impl<T> Type<$outer<T>> {
                pub fn $check(&self) -> Type<T> {
                    of()
                }
            }
        )*};
    }

    holding! { received: Json Path Query }
    holding! { sent: Json Created }
}
