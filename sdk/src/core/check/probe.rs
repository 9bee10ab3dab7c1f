//! The checks themselves, which `#[lambda_handler]` writes into `main`. No public API.
//!
//! A check takes a type of the signature and a value, and returns the value. Two properties make the compiler report
//! each mistake once, with our text:
//!
//! - The result of a check has an associated type. Where the check fails it is unknown, and the compiler reports
//!   nothing further about it.
//! - Each trait has a second implementation, for types that are [`Never`]. With only one, the compiler would report
//!   what that one requires.
//!
//! Methods are found by their name, so they begin with `pilaster_`: a trait of the user's has no method of such a name.
#![allow(missing_docs)]

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Argument, Deserializable, Holds, Response, Serializable};

/// A type of the signature, as a value.
#[derive(Debug)]
pub struct Type<T: ?Sized>(PhantomData<T>);

pub const fn type_of<T: ?Sized>() -> Type<T> {
    Type(PhantomData)
}

/// A handler on its way through the checks, and its kind, which the last argument decides.
#[derive(Debug)]
pub struct Checked<K, F>(F, PhantomData<K>);

pub const fn begin<K, F>(handler: F) -> Checked<K, F> {
    Checked(handler, PhantomData)
}

pub fn end<K, F>(Checked(handler, _): Checked<K, F>) -> F {
    handler
}

/// The kind of a handler. After a check that failed it is unknown, as the handler is.
#[derive(Debug)]
pub struct Kind<K>(PhantomData<K>);

pub const fn kind_of<K, F>(_: &Checked<K, F>) -> Kind<K> {
    Kind(PhantomData)
}

impl<K> Clone for Kind<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Kind<K> {}

/// No type is.
pub trait Never {}

/// The marker of the implementations for [`Never`].
#[derive(Debug)]
pub enum Nothing {}

/// Defines checks and implements them.
///
/// - `pub trait IsX: Bound;` checks a type that is held;
/// - `Role => Wrapper: Json<T>, …;` names the requirement of these types;
/// - `pub trait IsX;` checks a type of the signature for a kind of function;
/// - `impl [T: Bound] IsX<Kind, Marker> for T;` implements it for types of a kind; markers keep the implementations
///   apart.
macro_rules! check {
    () => {};
    ($(#[$attribute:meta])* pub trait $name:ident: $bound:path; $($rest:tt)*) => {
        $(#[$attribute])*
        pub trait $name<M> {
            type Checked<X>;

            fn check<X>(then: X) -> Self::Checked<X>;
        }

        impl<T: $crate::core::check::probe::Never> $name<$crate::core::check::probe::Nothing> for T {
            type Checked<X> = X;

            fn check<X>(then: X) -> X {
                then
            }
        }

        impl<T: $bound> $name<()> for T {
            type Checked<X> = X;

            fn check<X>(then: X) -> X {
                then
            }
        }

        $crate::core::check::probe::check! { $($rest)* }
    };
    ($role:ident => $requirement:ident: $($holder:ty),+; $($rest:tt)*) => {
        $(impl<T> $crate::core::check::Holds<$crate::core::check::$role> for $holder {
            type Requires = $requirement<T>;
        })+

        $crate::core::check::probe::check! { $($rest)* }
    };
    ($(#[$attribute:meta])* pub trait $name:ident; $($rest:tt)*) => {
        $(#[$attribute])*
        pub trait $name<K, M> {
            type Checked<X>;

            fn check<X>(
                _: $crate::core::check::probe::Kind<K>,
                _: $crate::core::check::probe::Type<Self>,
                then: X,
            ) -> Self::Checked<X>;
        }

        $crate::core::check::probe::check! {
            impl [K, T: $crate::core::check::probe::Never + ?Sized] $name<K, $crate::core::check::probe::Nothing> for T;
            $($rest)*
        }
    };
    (impl [$($generics:tt)*] $name:ident<$kind:ty, $marker:ty> for $type:ty $(where $bounded:ty: $bound:path)?; $($rest:tt)*) => {
        impl<$($generics)*> $name<$kind, $marker> for $type $(where $bounded: $bound)? {
            type Checked<X> = X;

            fn check<X>(
                _: $crate::core::check::probe::Kind<$kind>,
                _: $crate::core::check::probe::Type<Self>,
                then: X,
            ) -> X {
                then
            }
        }

        $crate::core::check::probe::check! { $($rest)* }
    };
}

pub(crate) use check;

check! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `serde::Deserialize`",
        label = "the inner type must implement `serde::Deserialize`",
        note = "add `#[derive(serde::Deserialize)]` to the type; it must own its fields",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsDeserializable: DeserializeOwned;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `serde::Serialize`",
        label = "the inner type must implement `serde::Serialize`",
        note = "add `#[derive(serde::Serialize)]` to the type",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsSerializable: Serialize;
}

#[cfg(feature = "validate")]
check! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not implement `garde::Validate`",
        label = "the inner type must implement `garde::Validate`",
        note = "add `#[derive(garde::Validate)]` to the type and rules to its fields, with `garde` as a dependency of your crate",
        note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
    )]
    pub trait IsValidatable: garde::Validate<Context: Default>;
}

/// Checks a requirement. No macro writes the implementations: a message would show the macro with them.
pub trait IsMet<M> {
    type Checked<X>;

    fn check<X>(_: Type<Self>, then: X) -> Self::Checked<X>;
}

impl IsMet<()> for () {
    type Checked<X> = X;

    fn check<X>(_: Type<Self>, then: X) -> X {
        then
    }
}

impl<T: IsDeserializable<M>, M> IsMet<M> for Deserializable<T> {
    type Checked<X> = T::Checked<X>;

    fn check<X>(_: Type<Self>, then: X) -> T::Checked<X> {
        T::check(then)
    }
}

impl<T: IsSerializable<M>, M> IsMet<M> for Serializable<T> {
    type Checked<X> = T::Checked<X>;

    fn check<X>(_: Type<Self>, then: X) -> T::Checked<X> {
        T::check(then)
    }
}

#[cfg(feature = "validate")]
impl<T: IsDeserializable<M> + IsValidatable<N>, M, N> IsMet<(M, N)> for super::Validatable<T> {
    type Checked<X> = <T as IsValidatable<N>>::Checked<<T as IsDeserializable<M>>::Checked<X>>;

    fn check<X>(_: Type<Self>, then: X) -> Self::Checked<X> {
        <T as IsValidatable<N>>::check(<T as IsDeserializable<M>>::check(then))
    }
}

impl<T: Holds<Argument>> Type<T> {
    /// Returns the requirement that an argument names.
    pub fn pilaster_argument_requires(self) -> Type<T::Requires> {
        type_of()
    }
}

impl<T: Holds<Response>> Type<T> {
    /// Returns the requirement that a response names.
    pub fn pilaster_response_requires(self) -> Type<T::Requires> {
        type_of()
    }
}

/// The fallback for all other types. Its methods take a reference, so the compiler finds those that take the value
/// first.
pub trait Fallback {
    type Type: ?Sized;

    fn pilaster_argument_requires(&self) -> Type<()> {
        type_of()
    }

    fn pilaster_response_requires(&self) -> Type<()> {
        type_of()
    }

    fn pilaster_value(&self) -> Type<Self::Type> {
        type_of()
    }

    fn pilaster_error(&self) -> Type<NoError> {
        type_of()
    }

    fn pilaster_error_type<F>(&self, function: F) -> F {
        function
    }

    fn pilaster_tool_error_type<F>(&self, tools: F) -> F {
        tools
    }

    /// Accepts any route, which the type does not use.
    fn pilaster_check_route(&self, _: &str) {}
}

impl<T: ?Sized> Fallback for Type<T> {
    type Type = T;
}

/// The error of a function that returns no `Result`.
#[derive(Debug)]
pub enum NoError {}

/// A type is itself. An implementation of a check for one type, rather than for each type that is it, would be listed
/// in the messages.
pub trait Is<T> {
    /// Returns the value as its own type, which the compiler does not know of a type that `is` it.
    fn itself(&self) -> &T;
}

impl<T> Is<T> for T {
    fn itself(&self) -> &T {
        self
    }
}

impl<T, E> Type<Result<T, E>> {
    pub fn pilaster_value(self) -> Type<T> {
        type_of()
    }

    pub fn pilaster_error(self) -> Type<E> {
        type_of()
    }
}
