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

/// A `Result` that a tool returns.
#[derive(Debug)]
pub struct OfResult<T, E>(PhantomData<(T, E)>);

/// Any other value that a tool returns.
#[derive(Debug)]
pub struct OfValue<T>(PhantomData<T>);

impl<T, E> Type<Result<T, E>> {
    pub fn pilaster_returned(self) -> OfResult<T, E> {
        OfResult(PhantomData)
    }
}

/// The fallback for all other types, as that of [`core::check`](crate::core::check).
pub trait Returned {
    type Type;

    fn pilaster_returned(&self) -> OfValue<Self::Type> {
        OfValue(PhantomData)
    }
}

impl<T> Returned for Type<T> {
    type Type = T;
}

/// The requirements on a return type. The methods above have no requirements: the compiler would take the fallback for a
/// type that does not meet them.
pub trait Requires<Marker, F> {
    type Function;

    fn function(function: F) -> Self::Function;
}

impl<T: ReturnedByTool<M, F>, E: ErrorOfTool<N, T::Function>, M, N, F> Requires<(M, N), F> for OfResult<T, E> {
    type Function = E::Function;

    fn function(function: F) -> E::Function {
        E::function(T::function(function))
    }
}

impl<T: ReturnedByTool<M, F>, M, F> Requires<(M, ()), F> for OfValue<T> {
    type Function = T::Function;

    fn function(function: F) -> T::Function {
        T::function(function)
    }
}

/// Returns the function of a tool with what is known of its return type.
pub fn returning<R: Requires<M, F>, M, F>(_: R, function: F) -> R::Function {
    R::function(function)
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
