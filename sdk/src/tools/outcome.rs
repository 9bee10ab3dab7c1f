//! [`Outcome`]: what a call of a tool came to, before a protocol encodes it.

use std::fmt;

use serde_json::value::RawValue;

use super::content::Content;
use super::error::{InvalidArguments, Opaque, ToolError};

/// What a call of a tool came to. Each kind of function encodes it for its protocol.
///
/// Errors of a tool have been logged, once and with the chain of their causes; arguments that do not fit, only with the
/// name of the tool. Only [`Failed`](Self::Failed) and [`Invalid`](Self::Invalid) have a text that a model should read.
///
/// # Example
///
/// ```
/// use pilaster::tools::Outcome;
///
/// /// Returns the text that a model reads.
/// fn text(outcome: Outcome) -> String {
///     match outcome {
///         Outcome::Structured(json) => json.get().to_owned(),
///         Outcome::Text(text) => text,
///         Outcome::Content(content) => content.text_only(),
///         Outcome::Failed(error) => error.message().to_owned(),
///         Outcome::Invalid(error) => error.to_string(),
///         _ => "internal error".to_owned(),
///     }
/// }
///
/// assert_eq!(text(Outcome::Text("sunny".to_owned())), "sunny");
/// assert_eq!(text(Outcome::UnknownTool), "internal error");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// A value, as JSON text that fits the output schema of the tool.
    Structured(Box<RawValue>),
    /// A text: the output of a tool that returns a `String`.
    Text(String),
    /// Blocks of content.
    Content(Content),
    /// A failure whose text is written for the model.
    Failed(ToolError),
    /// The arguments do not fit the input of the tool.
    Invalid(InvalidArguments),
    /// No tool has this name.
    UnknownTool,
    /// Any other failure, a panic or a time-out.
    Opaque(Opaque),
}

impl Outcome {
    /// Returns `true` for a value, a text or blocks of content.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Structured(_) | Self::Text(_) | Self::Content(_))
    }
}

/// The output of a tool may be personal: only its kind is shown.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structured(_) => f.write_str("Structured(..)"),
            Self::Text(_) => f.write_str("Text(..)"),
            Self::Content(content) => f.debug_tuple("Content").field(content).finish(),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Invalid(error) => f.debug_tuple("Invalid").field(error).finish(),
            Self::UnknownTool => f.write_str("UnknownTool"),
            Self::Opaque(opaque) => f.debug_tuple("Opaque").field(opaque).finish(),
        }
    }
}
