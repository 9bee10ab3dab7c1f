//! [`FunctionError`]: the failure of a whole invocation.
//!
//! Step Functions' `Catch`, destinations and retry policies branch on `errorType`, so it is a stable, short name and
//! never a Rust type's full path.

mod causes;
mod internal;
mod name;
mod named;
mod refusal;
mod shown;
#[cfg(any(feature = "appsync", feature = "tools"))]
mod stated;

use std::error::Error as StdError;
use std::fmt;

use lambda_runtime::Diagnostic;

use crate::core::panic::contained;

#[cfg_attr(not(feature = "http"), allow(unused_imports))]
pub(crate) use self::causes::held;
pub(crate) use self::causes::{as_error, causes, with_sources};
#[cfg_attr(not(feature = "idempotency"), allow(unused_imports))]
pub(crate) use self::internal::Internal;
pub(crate) use self::name::error_name;
#[cfg_attr(not(feature = "logging"), allow(unused_imports))]
pub(crate) use self::name::type_of;
pub use self::named::ErrorType;
pub(crate) use self::named::NamedErrors;
#[cfg_attr(not(all(feature = "http", feature = "idempotency")), allow(unused_imports))]
pub(crate) use self::refusal::{Refusal, refusal};
#[cfg_attr(not(any(feature = "logging", feature = "records", feature = "appsync")), allow(unused_imports))]
pub(crate) use self::shown::log;
pub(crate) use self::shown::text;
#[cfg(any(feature = "appsync", feature = "tools"))]
pub(crate) use self::stated::Stated;

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
    described: Described,
    /// The error was logged already: no outer layer logs it again.
    is_logged: bool,
}

/// The part of a `FunctionError` that is found in the chain of causes also below `#[error(transparent)]` and `anyhow`,
/// which leave out an error itself.
struct Described {
    error_type: String,
    message: String,
    /// The message is the text of the source, and was not written for the caller.
    is_text_of_source: bool,
    /// The source before another one took its place, if the message is its text.
    text_of: Option<BoxError>,
    source: Option<BoxError>,
}

impl FunctionError {
    /// Creates an error with a stable type and a message that the caller may read.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        let (error_type, message) = (error_type.into(), message.into());
        Self {
            described: Described { error_type, message, is_text_of_source: false, text_of: None, source: None },
            is_logged: false,
        }
    }

    /// Creates an error named after `E`, without its path and its type parameters; its `Display` is the message.
    /// Clients of AppSync and models read it only if `E` is a type that may reach them; a `FunctionError` stays unchanged.
    pub fn from_error<E: StdError + Send + Sync + 'static>(error: E) -> Self {
        match BoxError::from(error).downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => {
                let name = error_name::<E>().or_else(|| hidden(&*error, true)).unwrap_or("Error").to_owned();
                Self::of_source(name, error.to_string(), error)
            }
        }
    }

    /// Creates an error whose message is the text of its source.
    fn of_source(error_type: String, message: String, source: BoxError) -> Self {
        let source = Some(source);
        Self {
            described: Described { error_type, message, is_text_of_source: true, text_of: None, source },
            is_logged: false,
        }
    }

    /// Converts any error: a `FunctionError` stays unchanged, also within an error type without a name of its own; any
    /// other error has the short name of its type.
    pub(crate) fn of<E: Into<BoxError>>(error: E) -> Self {
        let error: BoxError = error.into();
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => {
                let name = error_name::<E>();
                let name = hidden(&*error, name.is_none()).or(name).unwrap_or("Error").to_owned();
                Self::of_source(name, error.to_string(), error)
            }
        }
    }

    /// Marks the error as logged.
    #[cfg_attr(not(any(feature = "records", feature = "appsync", feature = "agentcore")), allow(dead_code))]
    pub(crate) fn logged(mut self) -> Self {
        self.is_logged = true;
        self
    }

    #[cfg_attr(not(any(feature = "logging", feature = "appsync")), allow(dead_code))]
    pub(crate) fn is_logged(&self) -> bool {
        self.is_logged
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        let described = &mut self.described;
        let replaced = described.source.replace(source.into());
        let is_of =
            |replaced: &BoxError| described.is_text_of_source || causes(&**replaced).any(|at| at.is::<Internal>());
        match replaced {
            Some(replaced) if described.text_of.is_none() && is_of(&replaced) => described.text_of = Some(replaced),
            replaced => contained(|| drop(replaced)),
        }
        self
    }

    /// Returns the `errorType`.
    pub fn error_type(&self) -> &str {
        &self.described.error_type
    }

    /// Returns the `errorMessage`.
    pub fn message(&self) -> &str {
        &self.described.message
    }
}

/// Returns the `errorType` of a `FunctionError` that is the source of an error, or further down its chain of causes.
fn hidden<'e>(error: &'e (dyn StdError + 'static), among_causes: bool) -> Option<&'e str> {
    let most = if among_causes { usize::MAX } else { 1 };
    let described = with_sources(error).skip(1).take(most).find_map(|at| at.downcast_ref::<Described>());
    described.map(|described| &*described.error_type)
}

/// Quotes a text of the caller for a message, in at most 64 bytes.
pub(crate) fn shown(text: &str) -> String {
    match text.floor_char_boundary(64) {
        whole if whole == text.len() => format!("{text:?}"),
        cut => format!("{:?}…", &text[..cut]),
    }
}

/// Returns the texts of an error and of all its sources, outermost first; a source that repeats its parent's text is
/// left out.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut texts = with_sources(error).map(text).collect::<Vec<_>>();
    texts.dedup();
    texts
}

impl fmt::Debug for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Described { error_type, message, source, .. } = &self.described;
        // The `Debug` of a cause may show secrets.
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
        f.write_str(&self.described.message)
    }
}

impl StdError for FunctionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.described)
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

/// Guards against a source whose `Drop` panics: its type is the user's.
impl Drop for Described {
    fn drop(&mut self) {
        let (source, text_of) = (self.source.take(), self.text_of.take());
        contained(|| drop(source));
        contained(|| drop(text_of));
    }
}

impl StdError for Described {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl From<FunctionError> for Diagnostic {
    fn from(mut error: FunctionError) -> Self {
        let Described { error_type, message, .. } = &mut error.described;
        Self { error_type: std::mem::take(error_type), error_message: std::mem::take(message) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
        assert_eq!(error_name::<Option<Vec<u8>>>(), Some("Option"));
        assert_eq!(FunctionError::from_error(Box::new(Inner)).error_type(), "Inner");
        assert_eq!(error_name::<&&Box<Inner>>(), Some("Inner"));
        assert_eq!(FunctionError::of(std::sync::Arc::new(Inner)).error_type(), "Inner");
        let shared: std::sync::Arc<dyn StdError + Send + Sync> = std::sync::Arc::new(Inner);
        assert_eq!(FunctionError::of(shared).error_type(), "Error");
    }

    #[test]
    fn a_named_error_is_found_in_a_box_and_in_an_arc() {
        #[derive(Debug, thiserror::Error)]
        #[error("out of stock")]
        struct Reserve;
        impl ErrorType for Reserve {
            fn error_type(&self) -> &str {
                "OutOfStock"
            }
        }
        let named = |error: FunctionError| {
            let mut names = NamedErrors::default();
            names.add::<Reserve>();
            names.apply(error).error_type().to_owned()
        };
        assert_eq!(named(FunctionError::of(Box::new(Reserve))), "OutOfStock");
        assert_eq!(named(FunctionError::of(Arc::new(Reserve))), "OutOfStock");
        assert_eq!(named(FunctionError::of(std::io::Error::other(Reserve))), "OutOfStock");
        let shared: Arc<dyn StdError + Send + Sync> = Arc::new(Reserve);
        assert_eq!(named(FunctionError::of(shared)), "OutOfStock");
        let mut names = NamedErrors::default();
        names.add::<Box<Reserve>>();
        assert_eq!(names.apply(FunctionError::of(Box::new(Reserve))).error_type(), "OutOfStock");
    }

    /// Types of an application that have the names of types of libraries.
    mod own {
        use super::*;

        macro_rules! errors {
            ($($name:ident)*) => {$(
                #[derive(Debug, thiserror::Error)]
                #[error("not saved")]
                pub(super) struct $name(#[source] pub(super) Outer);
            )*};
        }
        errors!(Error Report Box String Cow RecordError);

        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        pub(super) struct Outer(#[source] pub(super) FunctionError);
    }

    #[test]
    fn an_error_of_the_application_keeps_its_name_whatever_it_is() {
        let outer = || own::Outer(FunctionError::new("OutOfStock", "none"));
        assert_eq!(FunctionError::of(own::Error(outer())).error_type(), "Error");
        assert_eq!(FunctionError::of(own::Report(outer())).error_type(), "Report");
        assert_eq!(FunctionError::of(own::Box(outer())).error_type(), "Box");
        assert_eq!(FunctionError::of(own::String(outer())).error_type(), "String");
        assert_eq!(FunctionError::of(own::Cow(outer())).error_type(), "Cow");
        assert_eq!(FunctionError::of(own::RecordError(outer())).error_type(), "RecordError");
        assert_eq!(type_of(&own::Error(outer())), "Error");
        assert_eq!(type_of(&own::Report(outer())), "Report");
    }

    #[test]
    fn a_text_and_a_box_have_no_name() {
        assert_eq!(FunctionError::of("late").error_type(), "Error");
        assert_eq!(FunctionError::of("late".to_owned()).error_type(), "Error");
        assert_eq!(FunctionError::of(BoxError::from("late")).error_type(), "Error");
        let boxed = BoxError::from(own::Outer(FunctionError::new("OutOfStock", "none")));
        assert_eq!(FunctionError::of(boxed).error_type(), "OutOfStock");
        let source = std::io::Error::other(own::Outer(FunctionError::new("OutOfStock", "none")));
        assert_eq!(FunctionError::of(source).error_type(), "OutOfStock", "it holds any error");
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
