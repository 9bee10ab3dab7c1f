//! Requirements of extractors and responses, for the messages of `#[lambda_handler]`.
//!
//! Many extractors and responses hold a value, and require a trait of the value's type: `Json<Order>` requires
//! `serde::Deserialize` of `Order`. Where [`Holds`] names this requirement, the compiler reports `Order` and the derive
//! that it lacks, and not that `Json<Order>` is not an extractor. Pilaster's types do so, and yours can. Without it your
//! extractors work as well; only the message is less exact.
//!
//! # Example
//!
//! ```
//! use pilaster::check::{Argument, Deserializable, Holds};
//! use pilaster::http::{Body, FromRequest, HttpError, Json, Request};
//! use serde::de::DeserializeOwned;
//!
//! /// Extracts a body of JSON of at most one element.
//! struct Single<T>(Option<T>);
//!
//! impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Single<T> {
//!     type Rejection = HttpError;
//!
//!     async fn from_request(request: Request<Body>, state: &S) -> Result<Self, HttpError> {
//!         let Json(mut list) = Json::<Vec<T>>::from_request(request, state).await?;
//!         match list.len() {
//!             0 | 1 => Ok(Single(list.pop())),
//!             _ => Err(HttpError::unprocessable_entity("expected at most one element")),
//!         }
//!     }
//! }
//!
//! impl<T> Holds<Argument> for Single<T> {
//!     type Requires = Deserializable<T>;
//! }
//! ```

#[cfg(feature = "macros")]
pub(crate) mod probe;

use std::marker::PhantomData;

/// An extractor or a response that holds a value, and requires a trait of the value's type. See the [module
/// docs](self).
///
/// An extractor implements it for the role [`Argument`], a response for the role [`Response`]; one that is both, such
/// as `Json<T>`, twice.
pub trait Holds<Role> {
    /// The requirement, such as [`Deserializable<T>`].
    type Requires: Requirement;
}

/// The role of an argument of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument;

/// The role of the value that a handler returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response;

/// A requirement of a type. The types of this module implement it, as does `()` for none; other crates cannot.
pub trait Requirement: sealed::Sealed {}

pub(crate) mod sealed {
    /// The supertrait that keeps [`Requirement`](super::Requirement) within this crate.
    pub trait Sealed {}
}

impl sealed::Sealed for () {}
impl Requirement for () {}

/// An optional extractor requires the same as the extractor.
impl<E: Holds<Argument>> Holds<Argument> for Option<E> {
    type Requires = E::Requires;
}

/// An extractor whose rejection the handler takes requires the same as the extractor.
impl<E: Holds<Argument>, R> Holds<Argument> for Result<E, R> {
    type Requires = E::Requires;
}

/// A response with a status or headers before it requires the same as the response.
impl<A, T: Holds<Response>> Holds<Response> for (A, T) {
    type Requires = T::Requires;
}

/// The requirement of `serde::Deserialize`, of a type that owns its fields.
pub struct Deserializable<T>(PhantomData<T>);

/// The requirement of `serde::Serialize`.
pub struct Serializable<T>(PhantomData<T>);

/// The requirements of `serde::Deserialize` and `garde::Validate`.
#[cfg(feature = "validate")]
pub struct Validatable<T>(PhantomData<T>);

/// Defines the requirements as types.
macro_rules! requirements {
    ($($name:ident)*) => {$(
        impl<T> $crate::core::check::sealed::Sealed for $name<T> {}
        impl<T> $crate::core::check::Requirement for $name<T> {}

        impl<T> ::std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

#[cfg(all(feature = "macros", any(feature = "clients", feature = "openapi")))]
pub(crate) use requirements;

requirements! { Deserializable Serializable }

#[cfg(feature = "validate")]
requirements! { Validatable }
