//! [`RegisteredTool`]: a tool of a registry, without layers.

use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;

use serde_json::Value;

use super::call::Call;
use super::definition::{Definition, Hints};
use super::outcome::Outcome;
use crate::core::error::BoxError;

/// A tool of [`Tools`](super::Tools): what a client may know of it. Its schemas are made once, when they are first used.
///
/// # Example
///
/// ```
/// use pilaster::tools::{Input, Tool, Tools};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// /// The weather in a city.
/// #[derive(Deserialize, JsonSchema, Tool)]
/// #[tool(title = "Weather", read_only)]
/// struct Weather {
///     city: String,
/// }
///
/// let tools = Tools::new().add(async |Input(Weather { city }): Input<Weather>| format!("sunny in {city}"));
/// let tool = tools.get("weather").unwrap();
/// assert_eq!((tool.title(), tool.description()), (Some("Weather"), "The weather in a city."));
/// assert!(tool.hints().read_only);
/// assert_eq!(tool.input_schema()["properties"]["city"]["type"], "string");
/// assert!(tool.output_schema().is_none()); // it returns text
/// ```
pub struct RegisteredTool {
    pub(super) definition: Definition,
    pub(super) input: Schema,
    pub(super) output: Option<Schema>,
    pub(super) function: Box<dyn Fn(Call) -> CallFuture + Send + Sync>,
}

/// The work of a call.
pub(crate) type CallFuture = Pin<Box<dyn Future<Output = Result<Outcome, BoxError>> + Send>>;

/// A schema that is made once, when it is first used.
pub(super) struct Schema {
    make: fn() -> Value,
    made: OnceLock<Value>,
}

impl Schema {
    pub(super) fn new(make: fn() -> Value) -> Self {
        Self { make, made: OnceLock::new() }
    }

    fn get(&self) -> &Value {
        self.made.get_or_init(self.make)
    }
}

impl RegisteredTool {
    /// Calls the function, whatever the name of the call.
    pub(super) fn call(&self, call: Call) -> CallFuture {
        match call.arguments.infinite(|| self.input_schema()) {
            Some(invalid) => Box::pin(std::future::ready(Ok(Outcome::Invalid(invalid)))),
            None => (self.function)(call),
        }
    }

    /// Returns the name.
    pub fn name(&self) -> &'static str {
        self.definition.name()
    }

    /// Returns the name for people.
    pub fn title(&self) -> Option<&'static str> {
        self.definition.title()
    }

    /// Returns the description for the model.
    pub fn description(&self) -> &'static str {
        self.definition.description()
    }

    /// Returns the hints.
    pub fn hints(&self) -> Hints {
        self.definition.hints()
    }

    /// Returns the JSON Schema (2020-12) of the arguments. Nested types are inlined; only a recursive type has a `$ref`.
    pub fn input_schema(&self) -> &Value {
        self.input.get()
    }

    /// Returns the JSON Schema (2020-12) of the output; `None` for text and [`Content`](super::Content).
    pub fn output_schema(&self) -> Option<&Value> {
        self.output.as_ref().map(Schema::get)
    }
}

impl fmt::Debug for RegisteredTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegisteredTool").field(&self.name()).finish()
    }
}
