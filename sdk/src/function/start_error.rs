//! [`StartError`]: the reason why a function cannot be built or run.

use std::error::Error;
use std::fmt;

use crate::core::error::{BoxError, chain};

const PAGE: &str = "https://pilaster-rs.github.io/pilaster/troubleshooting-start.html";

/// The reason why a function did not start, as one sentence. Its `Debug` text, which `main` prints, also names the page of the guide that
/// explains it.
pub struct StartError {
    message: String,
    /// The `errorType` for Lambda, if initialisation failed and Lambda does not know it yet.
    error_type: Option<&'static str>,
}

impl StartError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), error_type: Some("Runtime.ConfigInvalid") }
    }

    /// Creates a failure after initialisation, with its causes.
    pub(crate) fn because(context: &str, error: &BoxError) -> Self {
        Self { message: format!("{context}: {}", chain(&**error).join(": ")), error_type: None }
    }

    /// Creates the error of a mistake in the configuration of a function, or of a panic while it was built.
    pub(crate) fn not_built(mistake: &str) -> Self {
        Self::new(format!("the function could not be built: {mistake}"))
    }

    /// Returns the `errorType` to report to Lambda, if any.
    pub(crate) fn error_type(&self) -> Option<&'static str> {
        self.error_type
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nsee {PAGE}", self.message)
    }
}

impl Error for StartError {}
