//! [`ToolFunction`]: creates the arguments of a tool from a call, and calls the function.

use serde_json::Value;

use super::call::Call;
use super::definition::Tool;
use super::extract::FromToolCall;
use super::input::Input;
use super::outcome::Outcome;
use super::output::ToolResult;
use crate::core::error::BoxError;
use crate::function::builder::Sealed;
use crate::function::handler::each_arity;

/// An async function whose last argument is the [`Input`] of a tool; the others implement [`FromToolCall`].
///
/// The crate implements it for async functions; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool: an argument or the return type does not fit",
    label = "not a tool",
    note = "a tool is an async function whose last argument is `Input<T>`, where `T` derives `serde::Deserialize`, `schemars::JsonSchema` and `pilaster::tools::Tool`; before it, it takes `Session`, `Caller`, `Client<T>`, `Invocation` and the like",
    note = "it returns a value that implements `serde::Serialize` and `schemars::JsonSchema`, a `String`, or `Content`; or a `Result` of it, with any error",
    note = "for a function with plain arguments, write `#[pilaster::tools::tool]` above it, and add `name::tool()`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait ToolFunction<Args>: Clone + Send + Sync + Sized + 'static {
    /// The input.
    type Input: Tool;

    /// See [`ToolResult::sends_errors`].
    #[doc(hidden)]
    fn sends_errors(sealed: Sealed) -> bool;
    #[doc(hidden)]
    fn output_schema(sealed: Sealed) -> Option<fn() -> Value>;
    /// Creates the arguments and calls the function.
    #[doc(hidden)]
    fn handle(self, call: Call, sealed: Sealed) -> impl Future<Output = Result<Outcome, BoxError>> + Send;
}

/// The arguments of a [`ToolFunction`], with the marker of its return type. Not public API: for `#[tool]`.
#[cfg(feature = "macros")]
pub trait Marked {
    #[allow(missing_docs)]
    type Marker;
}

macro_rules! functions {
    ($([$($part:ident),*];)*) => {$(
        #[allow(non_snake_case, unused_variables)]
        impl<F, Fut, Res, Marker, $($part,)* T> ToolFunction<(Marker, $($part,)* Input<T>)> for F
        where
            F: Fn($($part,)* Input<T>) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: ToolResult<Marker>,
            $($part: FromToolCall,)*
            T: Tool,
        {
            type Input = T;

            fn sends_errors(sealed: Sealed) -> bool {
                Res::sends_errors(sealed)
            }

            fn output_schema(sealed: Sealed) -> Option<fn() -> Value> {
                Res::schema(sealed)
            }

            async fn handle(self, mut call: Call, _: Sealed) -> Result<Outcome, BoxError> {
                // Before the clients are created, which arguments that do not fit do not need.
                let input = match std::mem::take(&mut call.arguments).decode::<T>() {
                    Ok(input) => Input(input),
                    Err(invalid) => return Ok(Outcome::Invalid(invalid)),
                };
                $(let $part = $part::from_tool_call(&call).await?;)*
                drop(call);
                self($($part,)* input).await.into_outcome(Sealed)
            }
        }

        #[cfg(feature = "macros")]
        impl<Marker, $($part,)* T> Marked for (Marker, $($part,)* Input<T>) {
            type Marker = Marker;
        }
    )*};
}

each_arity!(functions);
