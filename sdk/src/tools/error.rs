//! [`ToolError`]: a failure that the model reads; [`InvalidArguments`]: arguments that do not fit; [`Opaque`]: any other
//! failure.

use std::error::Error as StdError;
use std::fmt;

use crate::core::error::{BoxError, Stated, as_error};
use crate::core::json::placed;
use crate::core::panic::contained;

/// The `error_type` of a call whose arguments do not fit.
pub(crate) const INVALID: &str = "InvalidArguments";

/// The `error_type` of a call of a tool that does not exist.
#[cfg_attr(not(any(feature = "bedrock", feature = "agentcore", feature = "mcp")), allow(dead_code))]
pub(crate) const UNKNOWN: &str = "UnknownTool";

/// A failure of a tool whose text is written for the model, so that it can try something else.
///
/// It leaves the function in any protocol; its source is only logged. Return it as the error of the function, or inside
/// a [`BoxError`] beside errors that `?` converts, which stay opaque. A
/// [`FunctionError`](crate::FunctionError) and the types of [`Tools::error_type`](super::Tools::error_type) reach the model,
/// too.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::tools::ToolError;
///
/// fn temperature(city: &str) -> Result<f32, BoxError> {
///     match city {
///         "Paris" => Ok("21.5".parse()?), // opaque, if it failed
///         _ => Err(ToolError::new("there is no weather station in this city").with_type("NoStation").into()),
///     }
/// }
///
/// assert_eq!(temperature("Atlantis").unwrap_err().to_string(), "there is no weather station in this city");
/// ```
pub struct ToolError(Described);

/// The part of a `ToolError` that is found in the chain of causes also below `#[error(transparent)]` and `anyhow`, which
/// leave out an error itself.
struct Described {
    error_type: String,
    message: String,
    source: Option<BoxError>,
    /// It is an opaque failure, although it has the type of a failure for the model.
    is_internal: bool,
}

impl ToolError {
    /// Creates an error with a text for the model.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Described {
            error_type: "ToolError".to_owned(),
            message: message.into(),
            source: None,
            is_internal: false,
        })
    }

    /// Returns what the model reads of an error, if that is a `ToolError`.
    pub(crate) fn stated(error: &(dyn StdError + 'static)) -> Option<Option<Stated>> {
        let described = as_error::<Self>(error).map(|error| &error.0).or_else(|| error.downcast_ref())?;
        let stated = || Stated { error_type: described.error_type.clone(), message: described.message.clone() };
        Some((!described.is_internal).then(stated))
    }

    /// Sets a stable type, which AgentCore's answers contain; `ToolError` by default.
    #[must_use]
    pub fn with_type(mut self, error_type: impl Into<String>) -> Self {
        self.0.error_type = error_type.into();
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns the type.
    pub fn error_type(&self) -> &str {
        &self.0.error_type
    }

    /// Returns the text for the model.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

/// For the model, as [`IdempotencyError`](crate::idempotency::IdempotencyError) describes: any other reason stays in the log.
#[cfg(feature = "idempotency")]
impl From<crate::idempotency::IdempotencyError> for ToolError {
    fn from(error: crate::idempotency::IdempotencyError) -> Self {
        let is_internal = error.is_internal();
        let (error_type, message) = match is_internal {
            true => ("InternalError", "internal error".to_owned()),
            false => (error.name(), error.to_string()),
        };
        let mut converted = Self::new(message).with_type(error_type).with_source(error);
        converted.0.is_internal = is_internal;
        converted
    }
}

/// The copy has no source, which cannot be cloned.
impl Clone for ToolError {
    fn clone(&self) -> Self {
        let Described { error_type, message, source: _, is_internal } = &self.0;
        Self(Described {
            error_type: error_type.clone(),
            message: message.clone(),
            source: None,
            is_internal: *is_internal,
        })
    }
}

impl From<Stated> for ToolError {
    fn from(Stated { error_type, message }: Stated) -> Self {
        Self::new(message).with_type(error_type)
    }
}

/// The source is shown by its texts only: its `Debug` may show secrets.
impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Described { error_type, message, source, .. } = &self.0;
        let causes = source.as_ref().map(|source| crate::core::error::chain(&**source)).unwrap_or_default();
        f.debug_struct("ToolError")
            .field("error_type", error_type)
            .field("message", message)
            .field("causes", &causes)
            .finish()
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for ToolError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Described").field(&self.error_type).finish()
    }
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Described {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// Guards against a source whose `Drop` panics: its type is the user's.
impl Drop for Described {
    fn drop(&mut self) {
        let source = self.source.take();
        contained(|| drop(source));
    }
}

/// Arguments that do not fit the input of a tool: the place and what is wrong there. It repeats no value.
///
/// # Example
///
/// ```
/// use pilaster::tools::{InvalidArguments, Outcome};
///
/// // As a layer refuses arguments that the type of the input lets through.
/// let invalid = InvalidArguments::new("/days", "expected at most 14");
/// assert_eq!(invalid.to_string(), "/days: expected at most 14");
/// assert!(!Outcome::Invalid(invalid).is_success());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArguments {
    pointer: String,
    message: String,
}

impl InvalidArguments {
    /// Creates an error for the value at this JSON Pointer (RFC 6901), such as `/days`; empty for all arguments.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    /// Returns the JSON Pointer (RFC 6901) to the value that does not fit; empty for all arguments.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns the description without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for InvalidArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&placed(&self.pointer, &self.message))
    }
}

impl StdError for InvalidArguments {}

/// A failure whose reason stays in the log: its text has only the request id, by which the log line is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    pub(crate) kind: OpaqueKind,
    pub(crate) request_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpaqueKind {
    Error,
    Panic,
    Timeout,
}

impl Opaque {
    /// Returns `true` if the tool was cancelled at the deadline of the invocation.
    pub fn is_timeout(&self) -> bool {
        self.kind == OpaqueKind::Timeout
    }

    /// Returns `true` if the tool panicked.
    pub fn is_panic(&self) -> bool {
        self.kind == OpaqueKind::Panic
    }

    /// Returns the `errorType` for a failed invocation.
    #[cfg_attr(not(feature = "agentcore"), allow(dead_code))]
    pub(crate) fn error_type(&self) -> &'static str {
        match self.kind {
            OpaqueKind::Error => "InternalError",
            OpaqueKind::Panic => "Panic",
            OpaqueKind::Timeout => "Timeout",
        }
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.request_id {
            "" => f.write_str("internal error"),
            id => write!(f, "internal error (request id {id})"),
        }
    }
}

impl StdError for Opaque {}
