//! [`FromToolCall`]: an argument of a tool that precedes its input.

use super::call::Call;
use super::caller::Caller;
use super::session::Session;
use crate::core::error::BoxError;
use crate::core::invocation::FromInvocation;

/// An argument of a tool that precedes its [`Input`](super::Input): [`Session`](super::Session),
/// [`Caller`](super::Caller), and what is made from the invocation, such as `Client<T>` and `Invocation`.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::tools::{Call, FromToolCall};
///
/// /// The name under which the tool was called.
/// struct ToolName(String);
///
/// impl FromToolCall for ToolName {
///     async fn from_tool_call(call: &Call) -> Result<Self, BoxError> {
///         Ok(ToolName(call.name().to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a tool",
    label = "not made from a call",
    note = "before its `Input<T>`, a tool takes `Session`, `Caller`, `Client<T>`, `Secret<T>`, `Parameter<T>`, `Metrics`, `Invocation`, or a type that implements `pilaster::tools::FromToolCall` or `pilaster::FromInvocation`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait FromToolCall: Sized + Send {
    /// Creates the argument.
    ///
    /// # Errors
    ///
    /// The reason why it could not be created: the call fails, and only a
    /// [`ToolError`](super::ToolError) and the like reach the model.
    fn from_tool_call(call: &Call) -> impl Future<Output = Result<Self, BoxError>> + Send;
}

impl<T: FromInvocation> FromToolCall for T {
    async fn from_tool_call(call: &Call) -> Result<Self, BoxError> {
        T::from_invocation(call.context().invocation()).await
    }
}

impl FromToolCall for Session {
    async fn from_tool_call(call: &Call) -> Result<Self, BoxError> {
        Ok(call.context().session().clone())
    }
}

impl FromToolCall for Caller {
    async fn from_tool_call(call: &Call) -> Result<Self, BoxError> {
        Ok(call.context().caller().clone())
    }
}
