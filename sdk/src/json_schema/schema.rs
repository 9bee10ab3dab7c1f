//! [`Schema`]: a compiled JSON Schema.

use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::mismatch::Mismatch;
use super::places::Places;
use crate::core::error::shown;

/// A compiled JSON Schema. Cheap to clone. See the [module docs](super).
///
/// [`SchemaLayer`](super::SchemaLayer) compiles the text that it gets; a `Schema` of your own checks a value within the
/// function.
///
/// # Example
///
/// ```
/// use pilaster::json_schema::Schema;
/// use serde_json::json;
///
/// let schema = Schema::parse(r#"{ "type": "array", "items": { "type": "string" } }"#)?;
/// assert!(schema.check(&json!(["a", "b"])).is_ok());
/// assert_eq!(schema.check(&json!(["a", 1])).unwrap_err().violations()[0].pointer(), "/1");
/// # Ok::<(), pilaster::json_schema::SchemaError>(())
/// ```
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Compiled>,
}

struct Compiled {
    validator: Validator,
    places: Places,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// The text is not JSON or not a schema, a `$ref` leads out of it or nowhere, or a `pattern` is not supported.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let schema = serde_json::from_str(text);
        Self::of(&schema.map_err(|error| SchemaError(format!("the JSON Schema is not JSON: {error}")))?)
    }

    /// Compiles a schema that is parsed already.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse).
    pub fn of(schema: &Value) -> Result<Self, SchemaError> {
        let options = jsonschema::options().offline().should_validate_formats(true);
        let options = options.with_pattern_options(PatternOptions::regex());
        let validator = options.build(schema).map_err(|error| SchemaError::of(&error))?;
        Ok(Self { inner: Arc::new(Compiled { validator, places: Places::of(schema) }) })
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// The value does not match the schema.
    pub fn check(&self, value: &Value) -> Result<(), Mismatch> {
        // It remembers what it has found in a schema that contains itself, and needs no memory for errors.
        let Compiled { validator, places } = &*self.inner;
        match validator.is_valid(value) {
            true => Ok(()),
            false => Err(Mismatch { violations: places.search(validator, value), what: "the value" }),
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("places", &self.inner.places).finish_non_exhaustive()
    }
}

impl TryFrom<&str> for Schema {
    type Error = SchemaError;

    fn try_from(text: &str) -> Result<Self, SchemaError> {
        Self::parse(text)
    }
}

impl TryFrom<&Value> for Schema {
    type Error = SchemaError;

    fn try_from(schema: &Value) -> Result<Self, SchemaError> {
        Self::of(schema)
    }
}

/// The reason why a schema does not compile, as a sentence that names the `$ref` or the place of the keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError(String);

impl SchemaError {
    fn of(error: &ValidationError<'_>) -> Self {
        if let ValidationErrorKind::Referencing(error) = error.kind() {
            return Self::of_reference(error);
        }
        let at = error.instance_path().as_str();
        let keyword = at.rsplit('/').find(|step| step.parse::<usize>().is_err()).unwrap_or_default();
        Self(match error.kind() {
            ValidationErrorKind::Format { format } if format == "regex" => format!(
                "the JSON Schema has a pattern at `{at}` that is not supported: look-around and back-references are not, \
                 since they may take exponential time"
            ),
            kind => format!(
                "the JSON Schema is not valid at `{at}`: the value of `{keyword}` breaks `{}` of the meta-schema",
                kind.keyword()
            ),
        })
    }

    fn of_reference(error: &jsonschema::ReferencingError) -> Self {
        use jsonschema::ReferencingError as Error;
        Self(match error {
            Error::Unretrievable { uri, .. } => format!(
                "the JSON Schema has a `$ref` to {}, which is not in it: nothing is fetched; copy the definition to `$defs` \
                 and refer to `#/$defs/..`",
                shown(uri)
            ),
            Error::PointerToNowhere { pointer } => {
                format!("the JSON Schema has a `$ref` to {}, where it has nothing", shown(&format!("#{pointer}")))
            }
            Error::UnknownSpecification { specification } => format!(
                "the JSON Schema has the `$schema` {}, which is not known: use draft 4, 6, 7, 2019-09 or 2020-12",
                shown(specification)
            ),
            other => format!("the JSON Schema has a `$ref` that does not lead to a part of it: {other}"),
        })
    }
}

impl From<std::convert::Infallible> for SchemaError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}
