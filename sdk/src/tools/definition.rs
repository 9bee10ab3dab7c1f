//! [`Tool`]: a tool is the type of its input; [`Definition`]: its name, its texts and its hints.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// The longest name of a tool, in characters
/// (<https://modelcontextprotocol.io/specification/2026-07-28/server/tools>).
const LONGEST_NAME: usize = 128;

/// The input of a tool, which names and describes the tool.
///
/// `#[derive(Tool)]` takes the description from the doc comment of the type, and the schema of the arguments is that of
/// [`schemars::JsonSchema`]. Its doc comments, and those of the fields, are written for the model: it decides by them when
/// and how it calls the tool.
///
/// ```
/// use pilaster::tools::Tool;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// /// The weather in a city, now.
/// #[derive(Deserialize, JsonSchema, Tool)]
/// #[tool(name = "weather", read_only, idempotent)]
/// struct Weather {
///     /// Its English name.
///     city: String,
///     days: Option<u8>,
/// }
///
/// assert_eq!(Weather::DEFINITION.name(), "weather");
/// assert_eq!(Weather::DEFINITION.description(), "The weather in a city, now.");
/// assert!(!Weather::DEFINITION.hints().destructive);
/// ```
///
/// | option of `#[tool(..)]` | meaning | default |
/// |---|---|---|
/// | `name = "weather"` | 1 to 128 of `A-Z a-z 0-9 _ . -` | the name of the type in snake_case |
/// | `title = "Weather"` | a name for people | none |
/// | `description = ".."` | in place of the doc comment | the doc comment |
/// | `read_only` | changes nothing | it may |
/// | `idempotent` | a second call with the same arguments changes nothing more | it may |
/// | `destructive = false` | only adds, and neither overwrites nor deletes | `true` unless `read_only` |
/// | `open_world = false` | works with a closed set of things, such as a table | `true` |
/// | `crate = path` | the path of the `pilaster` crate if it is renamed or re-exported | `::pilaster` |
///
/// The arguments are a JSON object, so the type is a struct with named fields; `struct Ping {}` for a tool without
/// arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the input of a tool",
    label = "does not implement `pilaster::tools::Tool`",
    note = "add `#[derive(serde::Deserialize, schemars::JsonSchema, pilaster::tools::Tool)]` to the struct and a doc comment that describes the tool to the model",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait Tool: DeserializeOwned + JsonSchema + Send + 'static {
    /// The name, the texts and the hints.
    const DEFINITION: Definition;
}

/// Returns `true` for a name that a tool can have.
pub(super) fn is_name(name: &str) -> bool {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_valid)
}

/// The bounds of a [`Tool`], for the derive of a generic type.
#[doc(hidden)]
pub trait IsInput: DeserializeOwned + JsonSchema + Send + 'static {}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> IsInput for T {}

/// The name, the texts and the hints of a [`Tool`].
///
/// # Example
///
/// ```
/// use pilaster::tools::Definition;
///
/// const WEATHER: Definition = Definition::new("weather", "The weather in a city, now.").with_title("Weather").read_only();
/// assert_eq!(WEATHER.title(), Some("Weather"));
/// assert!(WEATHER.hints().read_only && WEATHER.hints().open_world);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Definition {
    name: &'static str,
    title: Option<&'static str>,
    description: &'static str,
    hints: Hints,
}

/// What a client may assume of a tool. They are hints: a client must not rely on those of a server that it does not
/// trust.
///
/// The defaults are those of MCP, by which a tool may do anything
/// (<https://modelcontextprotocol.io/specification/2026-07-28/schema#toolannotations>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hints {
    /// The tool changes nothing.
    pub read_only: bool,
    /// The tool may overwrite or delete something.
    pub destructive: bool,
    /// A second call with the same arguments changes nothing more.
    pub idempotent: bool,
    /// The tool works with things outside of its own system, such as the web.
    pub open_world: bool,
}

impl Definition {
    /// Creates a definition. The description is for the model.
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        let hints = Hints { read_only: false, destructive: true, idempotent: false, open_world: true };
        Self { name, title: None, description, hints }
    }

    /// Sets a name for people.
    pub const fn with_title(mut self, title: &'static str) -> Self {
        self.title = Some(title);
        self
    }

    /// States that the tool changes nothing, so it is not destructive either.
    pub const fn read_only(mut self) -> Self {
        self.hints.read_only = true;
        self.hints.destructive = false;
        self
    }

    /// States that a second call with the same arguments changes nothing more.
    pub const fn idempotent(mut self) -> Self {
        self.hints.idempotent = true;
        self
    }

    /// States whether the tool may overwrite or delete something.
    pub const fn destructive(mut self, destructive: bool) -> Self {
        self.hints.destructive = destructive;
        self
    }

    /// States whether the tool works with things outside of its own system.
    pub const fn open_world(mut self, open_world: bool) -> Self {
        self.hints.open_world = open_world;
        self
    }

    /// Returns the name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name for people.
    pub const fn title(&self) -> Option<&'static str> {
        self.title
    }

    /// Returns the description for the model.
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// Returns the hints.
    pub const fn hints(&self) -> Hints {
        self.hints
    }

    /// Returns the mistake in the name or the description.
    pub(crate) fn mistake(&self) -> Option<String> {
        let name = self.name;
        if !is_name(name) {
            return Some(format!("the name `{name}` of a tool must have 1 to {LONGEST_NAME} of `A-Z a-z 0-9 _ . -`"));
        }
        let is_described = !self.description.trim().is_empty();
        (!is_described).then(|| format!("the tool `{name}` needs a description: a doc comment above its input type"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_characters_of_mcp_and_a_description_is_not_empty() {
        const LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
                            aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        for name in ["a", "a.b-c_D9", LONG] {
            assert_eq!(Definition::new(name, "d").mistake(), None, "{name}");
        }
        const LONGER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
                              aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        for name in ["", "a b", "é", "a/b", LONGER] {
            assert!(Definition::new(name, "d").mistake().unwrap().contains("1 to 128"), "{name}");
        }
        assert!(Definition::new("a", " ").mistake().unwrap().contains("needs a description"));
    }
}
