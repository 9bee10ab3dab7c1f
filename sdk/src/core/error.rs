//! What a function answers when it fails as a whole: [`FunctionError`].
//!
//! Step Functions' `Catch`, destinations and retry policies branch on `errorType`, so it is a stable, short name and never
//! a Rust type's full path.

mod refusal;

use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;

use lambda_runtime::Diagnostic;

use crate::core::deadline::contained;

#[cfg_attr(not(all(feature = "http", feature = "idempotency")), allow(unused_imports))]
pub(crate) use self::refusal::{Refusal, refusal};

/// A boxed error, as `lambda_runtime` and tower use it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The failure of an invocation: posted to the Runtime API as `{"errorType": …, "errorMessage": …}`.
///
/// The source is logged and never posted.
///
/// # Example
///
/// ```
/// use pilaster::FunctionError;
///
/// let error = FunctionError::new("OutOfStock", "no umbrella is left");
/// assert_eq!(error.error_type(), "OutOfStock");
/// assert_eq!(error.to_string(), "no umbrella is left");
/// ```
pub struct FunctionError {
    told: Told,
    /// Whether it stands in the log already, so that no room above tells it again.
    is_logged: bool,
}

/// What stands in the chain of causes also where its `FunctionError` does not: `#[error(transparent)]` and `anyhow` leave out an error
/// itself, and go on with its source.
struct Told {
    error_type: String,
    message: String,
    source: Option<BoxError>,
}

impl FunctionError {
    /// An error with a stable type and a message that the caller may read.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self::told(error_type, message, None)
    }

    /// An error named after `E`, without its path and its type parameters; its `Display` is the message.
    pub fn from_error<E: StdError + Send + Sync + 'static>(error: E) -> Self {
        Self::told(short_type_name::<E>(), error.to_string(), Some(error.into()))
    }

    fn told(error_type: impl Into<String>, message: impl Into<String>, source: Option<BoxError>) -> Self {
        Self { told: Told { error_type: error_type.into(), message: message.into(), source }, is_logged: false }
    }

    /// What a function failed with: a `FunctionError` as it is, also where one is hidden in a type that says nothing; any other error
    /// by its type's short name.
    pub(crate) fn of<E: Into<BoxError> + 'static>(error: E) -> Self {
        let error: BoxError = error.into();
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => {
                let name = match short_type_name::<E>() {
                    "Box" => "Error",
                    name => name,
                };
                // `anyhow`'s and `eyre`'s types are of these names, and ours in which any other is.
                let says_nothing = matches!(name, "Error" | "Report" | "RecordError");
                let name = hidden(&*error, says_nothing).unwrap_or(name).to_owned();
                Self::told(name, error.to_string(), Some(error))
            }
        }
    }

    /// The error, of which the log knows.
    #[cfg_attr(not(feature = "records"), allow(dead_code))]
    pub(crate) fn logged(mut self) -> Self {
        self.is_logged = true;
        self
    }

    #[cfg_attr(not(feature = "logging"), allow(dead_code))]
    pub(crate) fn is_logged(&self) -> bool {
        self.is_logged
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        let replaced = self.told.source.replace(source.into());
        contained(|| drop(replaced));
        self
    }

    /// The `errorType`.
    pub fn error_type(&self) -> &str {
        &self.told.error_type
    }

    /// The `errorMessage`.
    pub fn message(&self) -> &str {
        &self.told.message
    }
}

/// The `errorType` of a `FunctionError` that an error stands for, or of the first of its causes.
fn hidden<'e>(error: &'e (dyn StdError + 'static), among_causes: bool) -> Option<&'e str> {
    let mut cause = error.source();
    while let Some(at) = cause {
        if let Some(told) = at.downcast_ref::<Told>() {
            return Some(&told.error_type);
        }
        cause = at.source().filter(|_| among_causes);
    }
    None
}

/// A text that was sent, as a message may show it: in quotes and no longer than 64 bytes.
pub(crate) fn shown(text: &str) -> String {
    match text.floor_char_boundary(64) {
        whole if whole == text.len() => format!("{text:?}"),
        cut => format!("{:?}…", &text[..cut]),
    }
}

/// An error that says its own `errorType`, on which a state machine's `Catch` or `Retry` branches. Mostly derived: then it is
/// the name of the variant, or of the struct.
///
/// ```
/// use pilaster::ErrorType as _;
///
/// #[derive(Debug, thiserror::Error, pilaster::ErrorType)]
/// enum ReserveError {
///     #[error("there are no more of it")]
///     OutOfStock,
///     #[error("the stock could not be read")]
///     #[error_type("StockUnavailable")]
///     Read(#[source] std::io::Error),
/// }
///
/// assert_eq!(ReserveError::OutOfStock.error_type(), "OutOfStock");
/// assert_eq!(ReserveError::Read(std::io::ErrorKind::TimedOut.into()).error_type(), "StockUnavailable");
/// ```
///
/// `#[lambda_handler]` finds it by itself; without the macro, [`Function::error_type`](crate::Function::error_type) names it.
pub trait ErrorType: StdError + 'static {
    /// The `errorType`: short and stable.
    fn error_type(&self) -> &str;
}

/// Asks one error for its `errorType`, if it is of a certain type.
type Name = for<'e> fn(&'e (dyn StdError + 'static)) -> Option<&'e str>;

/// The error types that a function names by [`ErrorType`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Vec<Name>);

impl Names {
    pub(crate) fn add<E: ErrorType>(&mut self) {
        self.0.push(|error| error.downcast_ref::<E>().map(E::error_type));
    }

    /// Renames the error by the first of its causes that says a name.
    pub(crate) fn apply(&self, mut error: FunctionError) -> FunctionError {
        if self.0.is_empty() {
            return error;
        }
        let mut cause = error.source();
        let named = loop {
            let Some(at) = cause else { break None };
            if let Some(name) = self.0.iter().find_map(|name| name(at)) {
                break Some(name.to_owned());
            }
            cause = at.source();
        };
        if let Some(name) = named {
            error.told.error_type = name;
        }
        error
    }
}

/// `Timeout` for `some::path::Timeout<Inner>`.
pub(crate) fn short_type_name<T>() -> &'static str {
    let full = type_name::<T>();
    let path = full.split('<').next().unwrap_or(full);
    path.rsplit("::").next().unwrap_or(path)
}

/// The texts of an error and of all its sources, outermost first; a source that repeats its parent's text is left out.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts
}

/// The `errorType` of an error whose type is not known: a `FunctionError`'s own, also where one is hidden in a type that says
/// nothing; else the name with which its `Debug` begins.
#[cfg_attr(not(feature = "logging"), allow(dead_code, reason = "the log asks"))]
pub(crate) fn type_of(error: &(dyn StdError + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<FunctionError>() {
        return error.error_type().to_owned();
    }
    if let Some(told) = error.downcast_ref::<Told>() {
        return told.error_type.clone();
    }
    let mut name = Beginning(String::new());
    // It stops where the name ends: what follows may be long, or secret.
    let _ = fmt::Write::write_fmt(&mut name, format_args!("{error:?}"));
    let name = match name.0.as_str() {
        // The standard library shows what its error was made of.
        _ if error.is::<std::io::Error>() => "Error",
        name if name.starts_with(|first: char| first.is_ascii_uppercase()) => name,
        _ => "Error",
    };
    let says_nothing = matches!(name, "Error" | "Report" | "RecordError");
    hidden(error, says_nothing).unwrap_or(name).to_owned()
}

/// The beginning of a text that is a name.
struct Beginning(String);

impl fmt::Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let part = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(text.len());
        self.0.push_str(&text[..part]);
        if part == text.len() && self.0.len() <= 128 { Ok(()) } else { Err(fmt::Error) }
    }
}

impl fmt::Debug for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { error_type, message, source } = &self.told;
        // Not the cause's own `Debug`, which may show what the cause holds.
        let causes = source.as_ref().map(|source| chain(&**source)).unwrap_or_default();
        f.debug_struct("FunctionError")
            .field("error_type", error_type)
            .field("message", message)
            .field("causes", &causes)
            .finish()
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told.message)
    }
}

impl StdError for FunctionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.told)
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Told").field(&self.error_type).finish()
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The source is a type of the function's own, whose `Drop` may panic.
impl Drop for Told {
    fn drop(&mut self) {
        let source = self.source.take();
        contained(|| drop(source));
    }
}

impl StdError for Told {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl From<FunctionError> for Diagnostic {
    fn from(mut error: FunctionError) -> Self {
        let Told { error_type, message, .. } = &mut error.told;
        Self { error_type: std::mem::take(error_type), error_message: std::mem::take(message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Inner;
    impl fmt::Display for Inner {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the disk is full")
        }
    }
    impl StdError for Inner {}

    #[test]
    fn the_error_type_is_the_short_name_of_the_type() {
        assert_eq!(FunctionError::from_error(Inner).error_type(), "Inner");
        assert_eq!(short_type_name::<Option<Vec<u8>>>(), "Option");
    }

    #[test]
    fn the_type_of_an_error_is_the_name_with_which_its_debug_begins() {
        #[derive(Debug, thiserror::Error)]
        #[error("refused")]
        enum Pay {
            Refused { card: String },
        }
        let refused = Pay::Refused { card: "hunter2".repeat(1000) };
        assert_eq!(type_of(&refused), "Refused");
        assert_eq!(type_of(&Inner), "Inner");
        assert_eq!(type_of(&FunctionError::new("OutOfStock", "none")), "OutOfStock");
        assert_eq!(type_of(&std::io::Error::other("x")), "Error");
        assert_eq!(type_of(&*BoxError::from("Text")), "Error");
    }

    #[test]
    fn a_source_with_the_same_text_is_told_once() {
        assert_eq!(chain(&FunctionError::from_error(Inner)), ["the disk is full"]);
        let outer = FunctionError::new("Save", "not saved").with_source(Inner);
        assert_eq!(chain(&outer), ["not saved", "the disk is full"]);
    }

    #[test]
    fn the_source_is_not_posted() {
        let posted: Diagnostic = FunctionError::new("Save", "not saved").with_source(Inner).into();
        assert_eq!(posted.error_message, "not saved");
    }
}
