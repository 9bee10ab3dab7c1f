//! The checks of the return type of a function under `#[tool]`. Not public API: see
//! [`core::check`](crate::core::check).
//!
//! The macro knows the type, so the value and the error of a `Result` are checked apart: an error may be a text, or be
//! serializable like a value.
#![allow(missing_docs)]

use std::marker::PhantomData;

use super::handler::{Marked, ToolFunction};
use super::output::{Fallible, Plain, ToolOutput};
use super::registry::{ByFunction, IntoTool, Tools};
use crate::core::check::probe::{Never, Nothing, Type};
use crate::core::error::BoxError;
use crate::function::builder::Sealed;

/// A function that returns a value with the marker `M`.
#[derive(Debug)]
pub struct Returning<M, F>(F, PhantomData<M>);

/// A function that returns a `Result`.
#[derive(Debug)]
pub struct Failing<R>(R);

/// A value that a tool returns. If it is not valid, the compiler does not know the type of the function, so it reports no
/// second error for the same mistake.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a tool",
    label = "not a valid return type",
    note = "a tool returns a value that implements `serde::Serialize` and `schemars::JsonSchema`, a `String`, or `pilaster::tools::Content`; or a `Result` of it, with any error",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait ReturnedByTool<Marker, F> {
    type Function;

    fn function(function: F) -> Self::Function;
}

impl<T: ToolOutput<M>, M, F> ReturnedByTool<Plain<M>, F> for T {
    type Function = Returning<M, F>;

    fn function(function: F) -> Returning<M, F> {
        Returning(function, PhantomData)
    }
}

/// With one implementation, the compiler would take its type also where it does not hold.
impl<T: Never, F> ReturnedByTool<Nothing, F> for T {
    type Function = F;

    fn function(function: F) -> F {
        function
    }
}

/// The error of a tool.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool",
    label = "not an error",
    note = "the error of a tool implements `std::error::Error`, or is `BoxError` or a text; the model reads that of a `pilaster::tools::ToolError`, a `FunctionError` or a type that derives `pilaster::ErrorType`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait ErrorOfTool<Marker, R> {
    type Function;

    fn function(returning: R) -> Self::Function;
}

impl<E: Into<BoxError> + 'static, R> ErrorOfTool<(), R> for E {
    type Function = Failing<R>;

    fn function(returning: R) -> Failing<R> {
        Failing(returning)
    }
}

impl<E: Never, R> ErrorOfTool<Nothing, R> for E {
    type Function = R;

    fn function(returning: R) -> R {
        returning
    }
}

impl<T, E> Type<Result<T, E>> {
    /// Returns the function of a tool that returns a `Result`, whatever its error implements beside.
    pub fn pilaster_returned<M, N, F>(self, function: F) -> E::Function
    where
        T: ReturnedByTool<M, F>,
        E: ErrorOfTool<N, T::Function>,
    {
        E::function(T::function(function))
    }
}

/// The fallback for all other types, as that of [`core::check`](crate::core::check).
pub trait Returned {
    type Type;

    /// Returns the function of a tool that returns this type.
    fn pilaster_returned<M, F>(&self, function: F) -> <Self::Type as ReturnedByTool<M, F>>::Function
    where
        Self::Type: ReturnedByTool<M, F>,
    {
        Self::Type::function(function)
    }
}

impl<T> Returned for Type<T> {
    type Type = T;
}

/// A function whose return type is known.
pub trait Known {
    type Marker;
    type Function;

    fn function(self) -> Self::Function;
}

impl<M, F> Known for Returning<M, F> {
    type Marker = Plain<M>;
    type Function = F;

    fn function(self) -> F {
        self.0
    }
}

impl<M, F> Known for Failing<Returning<M, F>> {
    type Marker = Fallible<M>;
    type Function = F;

    fn function(self) -> F {
        self.0.0
    }
}

impl Tools {
    /// Adds the function of a tool.
    #[doc(hidden)]
    pub fn pilaster_add<K: Known, Args>(self, function: K) -> Self
    where
        K::Function: ToolFunction<Args>,
        Args: Marked<Marker = K::Marker> + 'static,
    {
        IntoTool::<ByFunction<Args>>::add_to(function.function(), self, Sealed)
    }
}
