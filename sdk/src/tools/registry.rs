//! [`Tools`]: the registry of tools, which the kinds of functions serve.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::call::{Call, CallContext, Called, contained};
use super::definition::Tool;
use super::handler::ToolFunction;
use super::input::Arguments;
use super::layered::{ErasedLayer, Layered};
use super::outcome::Outcome;
use super::registered::{CallFuture, RegisteredTool, Schema};
use super::schema;
use crate::core::error::{ErrorType, NamedErrors};
use crate::function::builder::Sealed;

const NO_TOOL: &str = "no tool is registered: add one by `Tools::add`";

/// Tools, in the order in which they were added. Clones share the tools and their schemas.
///
/// # Example
///
/// ```
/// use pilaster::Invocation;
/// use pilaster::tools::{CallContext, Input, Outcome, Tool, Tools};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use serde_json::json;
///
/// /// Adds two numbers.
/// #[derive(Deserialize, JsonSchema, Tool)]
/// struct Add {
///     a: i64,
///     b: i64,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Sum {
///     sum: i64,
/// }
///
/// async fn add(Input(Add { a, b }): Input<Add>) -> Sum {
///     Sum { sum: a.saturating_add(b) }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let tools = Tools::new().add(add);
/// let tool = tools.get("add").unwrap();
/// assert_eq!(tool.description(), "Adds two numbers.");
/// assert_eq!(tool.input_schema()["required"], json!(["a", "b"]));
///
/// let context = CallContext::new(Invocation::new(Default::default()));
/// match tools.call("add", json!({ "a": 1, "b": 2 }), context.clone()).await {
///     Outcome::Structured(json) => assert_eq!(json.get(), r#"{"sum":3}"#),
///     other => panic!("{other:?}"),
/// }
/// match tools.call("add", json!({ "a": 1, "b": "two" }), context).await {
///     Outcome::Invalid(error) => assert_eq!(error.pointer(), "/b"),
///     other => panic!("{other:?}"),
/// }
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "tools do nothing until a function serves them"]
pub struct Tools {
    registry: Arc<Registry>,
}

/// The part of the registry that all clones share.
#[derive(Clone, Default)]
pub(super) struct Registry {
    pub(super) tools: Vec<Layered>,
    by_name: HashMap<&'static str, usize>,
    pub(super) layers: Vec<ErasedLayer>,
    errors: NamedErrors,
    pub(super) mistake: Option<String>,
}

/// A tool that [`Tools::add`] takes: an async function whose last argument is [`Input<T>`](super::Input), or the
/// `tool()` of a function under [`#[tool]`](super::tool).
///
/// The crate implements it; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool: an argument or the return type does not fit",
    label = "not a tool",
    note = "a tool is an async function whose last argument is `Input<T>`, where `T` derives `serde::Deserialize`, `schemars::JsonSchema` and `pilaster::tools::Tool`; before it, it takes `Session`, `Caller`, `Client<T>`, `Invocation` and the like",
    note = "it returns a value that implements `serde::Serialize` and `schemars::JsonSchema`, a `String`, or `Content`; or a `Result` of it, with any error",
    note = "for a function with plain arguments, write `#[pilaster::tools::tool]` above it, and add `name::tool()`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait IntoTool<Marker> {
    #[doc(hidden)]
    fn add_to(self, tools: Tools, sealed: Sealed) -> Tools;
}

/// The marker of a function with these arguments.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByFunction<Args>(std::marker::PhantomData<Args>);

impl<F: ToolFunction<Args>, Args: 'static> IntoTool<ByFunction<Args>> for F {
    fn add_to(self, tools: Tools, _: Sealed) -> Tools {
        let tools = tools.register(RegisteredTool {
            definition: F::Input::DEFINITION,
            input: Schema::new(schema::input::<F::Input>),
            output: F::output_schema(Sealed).map(Schema::new),
            function: Box::new(move |call| Box::pin(self.clone().handle(call, Sealed))),
        });
        let name = F::Input::DEFINITION.name();
        match F::sends_errors(Sealed) {
            true => tools.with_mistake(format!(
                "the error of the tool `{name}` would be sent as its value: return `ToolError` or `BoxError`"
            )),
            false => tools,
        }
    }
}

/// Tools beside each other, such as the tool of a function under [`#[tool]`](super::tool).
impl IntoTool<()> for Tools {
    fn add_to(self, tools: Tools, _: Sealed) -> Tools {
        tools.merge(self)
    }
}

impl Tools {
    /// Creates an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the registry to change it. Clones of these tools, if there are any, keep theirs.
    pub(super) fn registry_mut(&mut self) -> &mut Registry {
        Arc::make_mut(&mut self.registry)
    }

    /// Adds a tool: an async function whose last argument is [`Input<T>`](super::Input), `add::tool()` of a function under
    /// [`#[tool]`](super::tool), or other [`Tools`].
    ///
    /// The error of a tool is any type that converts to a [`BoxError`](crate::BoxError). If it is also a value, such as a text,
    /// the compiler cannot decide between the two and needs type annotations: return a [`ToolError`](super::ToolError), or write
    /// [`#[tool]`](super::tool).
    ///
    /// Two tools of one name are a mistake, with which the function does not start, and so is a `Result` whose error is only a
    /// value, which the model would read as a success.
    #[expect(clippy::should_implement_trait, reason = "tools are not numbers")]
    pub fn add<M>(self, tool: impl IntoTool<M>) -> Self {
        tool.add_to(self, Sealed)
    }

    /// Lets errors of the type `E` reach the model, anywhere in the chain of causes of the error of a tool: the text of
    /// `E`, and its [`ErrorType`]. It holds for the tools of this registry, also for those that are added later, and not for
    /// those of a registry to which this one is added. [`ToolError`](super::ToolError) and
    /// [`FunctionError`](crate::FunctionError) do without it, and the error of a function under [`#[tool]`](super::tool) that
    /// derives `ErrorType`, from this tool alone. Any other error is logged, and opaque.
    pub fn error_type<E: ErrorType>(mut self) -> Self {
        self.registry_mut().errors.add::<E>();
        self
    }

    /// Lets errors of the type `E` reach the model from the tools that are here now.
    #[cfg(feature = "macros")]
    pub(super) fn error_type_of_each<E: ErrorType>(mut self) -> Self {
        self.registry_mut().tools.iter_mut().for_each(|tool| tool.errors.add::<E>());
        self
    }

    fn merge(mut self, other: Self) -> Self {
        let other = Arc::unwrap_or_clone(other.registry);
        let mistake = self.registry_mut().mistake.take().or(other.mistake);
        let mut merged = other.tools.into_iter().fold(self, |tools, mut tool| {
            tool.errors.append(&other.errors);
            tools.insert(tool)
        });
        let registry = merged.registry_mut();
        registry.mistake = mistake.or(registry.mistake.take());
        merged
    }

    fn register(self, tool: RegisteredTool) -> Self {
        self.insert(Layered::new(tool))
    }

    /// Adds a tool, around whose layers are those of this registry.
    fn insert(mut self, tool: Layered) -> Self {
        let tool = tool.nested();
        let name = tool.tool.name();
        let registry = self.registry_mut();
        let at = registry.tools.len();
        let mistake = match registry.by_name.insert(name, at) {
            Some(_) => Some(format!("two tools have the name `{name}`: rename one")),
            None => tool.tool.definition.mistake(),
        };
        registry.mistake = registry.mistake.take().or(mistake);
        registry.tools.push(tool);
        registry.apply_layers(at);
        self
    }

    /// Returns the first mistake in the tools, with which no function starts: there is none, a name is not valid or not
    /// unique, a description is missing, or an error would be sent as a value.
    pub fn mistake(&self) -> Option<&str> {
        self.registry.mistake.as_deref().or_else(|| self.is_empty().then_some(NO_TOOL))
    }

    pub(crate) fn with_mistake(mut self, mistake: String) -> Self {
        self.registry_mut().mistake.get_or_insert(mistake);
        self
    }

    /// Returns the tools in the order in which they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RegisteredTool> {
        self.registry.tools.iter().map(|tool| &*tool.tool)
    }

    /// Returns the number of tools.
    pub fn len(&self) -> usize {
        self.registry.tools.len()
    }

    /// Returns `true` if there are no tools.
    pub fn is_empty(&self) -> bool {
        self.registry.tools.is_empty()
    }

    /// Returns the tool of this name.
    pub fn get(&self, name: &str) -> Option<&RegisteredTool> {
        self.layered(name).map(|tool| &*tool.tool)
    }

    fn layered(&self, name: &str) -> Option<&Layered> {
        self.registry.by_name.get(name).and_then(|at| self.registry.tools.get(*at))
    }

    /// Gives the last tool another name, for tests with many tools.
    #[cfg(test)]
    #[cfg(feature = "mcp")]
    pub(crate) fn renamed_last(self, name: &'static str) -> Self {
        self.described_last(name, "One of many.")
    }

    /// Gives the last tool another name and description.
    #[cfg(test)]
    #[cfg(feature = "mcp")]
    pub(crate) fn described_last(mut self, name: &'static str, description: &'static str) -> Self {
        let at = self.len() - 1;
        let registry = self.registry_mut();
        if let Some(tool) = Arc::get_mut(&mut registry.tools[at].tool) {
            registry.by_name.remove(tool.definition.name());
            tool.definition = super::definition::Definition::new(name, description);
            registry.by_name.insert(name, at);
        }
        self
    }

    /// Returns the position of the tool of this name.
    #[cfg(feature = "mcp")]
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.registry.by_name.get(name).copied()
    }

    /// Calls a tool. Panics of the tool are caught, and it is cancelled 250 ms before the deadline of the invocation or
    /// [`CallContext::with_margin`] before it. Failures are logged here.
    pub async fn call(&self, name: &str, arguments: impl Into<Arguments>, context: CallContext) -> Outcome {
        let call = Call::new(name, arguments, context.clone());
        contained(self.dispatch(call), &context, self.called(name), &self.registry.errors).await
    }

    /// Returns what a call needs to know of its tool.
    pub(super) fn called(&self, name: &str) -> Called<'_> {
        self.layered(name).map(|tool| (tool.tool.name(), &tool.errors))
    }

    /// Calls a tool, whose panics and errors are the caller's to handle.
    pub(crate) fn dispatch(&self, call: Call) -> CallFuture {
        match self.layered(call.name()) {
            Some(tool) => tool.call(call),
            None => Box::pin(std::future::ready(Ok(Outcome::UnknownTool))),
        }
    }

    /// Returns the error types that may reach the model from each tool.
    #[cfg_attr(not(any(feature = "bedrock", feature = "agentcore")), allow(dead_code))]
    pub(crate) fn errors(&self) -> &NamedErrors {
        &self.registry.errors
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
