//! [`ToolOutput`]: what a tool returns; [`ToolResult`]: the same, or a `Result` of it.

mod non_finite;

use std::any::Any;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::content::Content;
use super::outcome::Outcome;
use super::schema;
use crate::core::error::BoxError;
use crate::function::builder::Sealed;

/// The output of a tool: any type that implements `Serialize` and `JsonSchema`, a `String`, or [`Content`].
///
/// The crate implements it; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the output of a tool",
    label = "not an output",
    note = "a tool returns a value that implements `serde::Serialize` and `schemars::JsonSchema`, a `String`, or `pilaster::tools::Content`; or a `Result` of it, with any error",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait ToolOutput<Marker> {
    /// Returns the function that makes the schema of the output; `None` for text and content.
    #[doc(hidden)]
    fn schema(sealed: Sealed) -> Option<fn() -> Value>;
    #[doc(hidden)]
    fn into_outcome(self, sealed: Sealed) -> Result<Outcome, BoxError>;
}

/// The return type of a tool: an output, or a `Result` of one with any error.
///
/// The crate implements it; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a tool",
    label = "not a valid return type",
    note = "a tool returns a value that implements `serde::Serialize` and `schemars::JsonSchema`, a `String`, or `pilaster::tools::Content`; or a `Result` of it, with any error",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait ToolResult<Marker> {
    /// The return type is a `Result` whose error is no error, and would be a part of the value.
    #[doc(hidden)]
    fn sends_errors(_: Sealed) -> bool {
        false
    }
    #[doc(hidden)]
    fn schema(sealed: Sealed) -> Option<fn() -> Value>;
    #[doc(hidden)]
    fn into_outcome(self, sealed: Sealed) -> Result<Outcome, BoxError>;
}

/// The marker of values.
#[doc(hidden)]
#[derive(Debug)]
pub enum ByValue {}

/// The marker of [`Content`].
#[doc(hidden)]
#[derive(Debug)]
pub enum ByContent {}

/// The marker of a `Result`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Fallible<M>(std::marker::PhantomData<M>);

/// The marker of an output that is not a `Result`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Plain<M>(std::marker::PhantomData<M>);

impl<T: Serialize + JsonSchema + 'static> ToolOutput<ByValue> for T {
    fn schema(_: Sealed) -> Option<fn() -> Value> {
        let is_text = std::any::TypeId::of::<T>() == std::any::TypeId::of::<String>()
            || std::any::TypeId::of::<T>() == std::any::TypeId::of::<&'static str>();
        (!is_text).then_some(schema::output::<T>)
    }

    fn into_outcome(self, _: Sealed) -> Result<Outcome, BoxError> {
        let any = &self as &dyn Any;
        if let Some(text) = any.downcast_ref::<&'static str>() {
            return Ok(Outcome::Text((*text).to_owned()));
        }
        if any.is::<String>() {
            let mut text = Some(self);
            let text = (&mut text as &mut dyn Any).downcast_mut::<Option<String>>().and_then(Option::take);
            return Ok(Outcome::Text(text.unwrap_or_default()));
        }
        // The error names types of the function, so it stays in the log.
        let json = serde_json::value::to_raw_value(&self)?;
        // The null may be that of a number, which is searched for only then.
        if json.get().contains("null")
            && let Some(pointer) = non_finite::find(&self)
        {
            let message = "the output has a number that is NaN or infinite, which JSON cannot hold";
            return Err(crate::core::json::placed(&pointer, message).into());
        }
        Ok(Outcome::Structured(json))
    }
}

impl ToolOutput<ByContent> for Content {
    fn schema(_: Sealed) -> Option<fn() -> Value> {
        None
    }

    fn into_outcome(self, _: Sealed) -> Result<Outcome, BoxError> {
        Ok(Outcome::Content(self))
    }
}

/// Returns `true` for a `Result`, whose error would be a value of the output.
fn is_result<T>() -> bool {
    std::any::type_name::<T>().starts_with("core::result::Result<")
}

impl<T: ToolOutput<M>, E: Into<BoxError> + 'static, M> ToolResult<Fallible<M>> for Result<T, E> {
    fn sends_errors(_: Sealed) -> bool {
        is_result::<T>()
    }

    fn schema(sealed: Sealed) -> Option<fn() -> Value> {
        T::schema(sealed)
    }

    fn into_outcome(self, sealed: Sealed) -> Result<Outcome, BoxError> {
        self.map_err(Into::into)?.into_outcome(sealed)
    }
}

impl<T: ToolOutput<M>, M> ToolResult<Plain<M>> for T {
    fn sends_errors(_: Sealed) -> bool {
        is_result::<T>()
    }

    fn schema(sealed: Sealed) -> Option<fn() -> Value> {
        <T as ToolOutput<M>>::schema(sealed)
    }

    fn into_outcome(self, sealed: Sealed) -> Result<Outcome, BoxError> {
        ToolOutput::into_outcome(self, sealed)
    }
}
