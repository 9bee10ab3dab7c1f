//! [`Failure`]: an error as the client may read it. The whole error goes to the log.

use std::any::Any;
use std::error::Error as StdError;
use std::time::Duration;

use super::unauthorized::{self, UNAUTHORIZED};
use crate::core::deadline::DeadlineExceeded;
use crate::core::error::{BoxError, FunctionError, NamedErrors, Stated, log};
use crate::core::invocation::Invocation;
use crate::core::panic::{caught, contained};

/// The types of mistakes in what another resolver or AppSync sent: their texts are for the client, which has no part in them.
const OF_OTHERS: [&str; 4] = ["InvalidEvent", "InvalidSource", "InvalidPrev", "InvalidStash"];

/// An error with the type and the text that the client reads, and with its causes, for the log.
#[derive(Debug)]
pub(crate) struct Failure {
    error: FunctionError,
    /// The client sent what is wrong, or the text was written for it. The function did not fail, so the line is at INFO.
    is_expected: bool,
}

impl Failure {
    /// Returns the failure for an error: with the type and the text of an error that is meant for the client, or an opaque
    /// one.
    pub(crate) fn of(error: BoxError, named: &NamedErrors, invocation: &Invocation) -> Self {
        // The methods of errors are the user's code: a panic in them must not fail the other items.
        match caught(|| named.stated_with(&*error, |cause| refusal(cause).map(Some))).flatten() {
            Some(Stated { error_type, message }) => {
                let is_expected = !OF_OTHERS.contains(&error_type.as_str());
                Self { error: FunctionError::new(error_type, message).with_source(error), is_expected }
            }
            None => internal(invocation).with_source(error).into(),
        }
    }

    /// Returns the failure of a panic of a resolver or a handler, whose text the panic hook has logged; `sentence` is for the
    /// log.
    pub(crate) fn panicked(payload: Box<dyn Any + Send>, invocation: &Invocation, sentence: &'static str) -> Self {
        // The payload is the user's value, and its `Drop` may panic as well.
        contained(|| drop(payload));
        internal(invocation).with_source(sentence).into()
    }

    /// Returns the failure of the work of a resolver or a handler that was cancelled at the deadline.
    pub(crate) fn late(time: Duration, sentence: &str) -> Self {
        FunctionError::new("Timeout", sentence).with_source(DeadlineExceeded::after(time)).into()
    }

    /// Returns this failure without its causes, for one more item of the call that failed; it is logged once.
    pub(crate) fn copy(&self) -> Self {
        let error = FunctionError::new(self.error_type(), self.message()).logged();
        Self { error, is_expected: self.is_expected }
    }

    /// Emits the line of this failure, unless it has one; the function also gets whether it is an expected one.
    pub(crate) fn log(&self, emit: impl Fn(&(dyn StdError + 'static), bool)) {
        if !self.error.is_logged() {
            log(&self.error, |error| emit(error, self.is_expected));
        }
    }

    /// Marks the failure as logged.
    pub(crate) fn logged(self) -> Self {
        Self { error: self.error.logged(), ..self }
    }

    pub(crate) fn is_expected(&self) -> bool {
        self.is_expected
    }

    /// Returns `true` for the refusal that AppSync recognises.
    pub(crate) fn is_refusal(&self) -> bool {
        self.error_type() == UNAUTHORIZED
    }

    pub(crate) fn error_type(&self) -> &str {
        self.error.error_type()
    }

    pub(crate) fn message(&self) -> &str {
        self.error.message()
    }

    /// Returns the length of the type and the text in JSON, in bytes.
    pub(crate) fn json_length(&self) -> usize {
        let length = |text: &str| serde_json::to_string(text).map_or(0, |json| json.len());
        length(self.error_type()) + length(self.message())
    }
}

/// An error of the adapter itself, which no client causes.
impl From<FunctionError> for Failure {
    fn from(error: FunctionError) -> Self {
        Self { error, is_expected: false }
    }
}

impl From<Failure> for FunctionError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Returns the refusal before the name of an error type that passes it on: AppSync recognises it by its own type alone.
fn refusal(error: &(dyn StdError + 'static)) -> Option<Stated> {
    unauthorized::is_unauthorized(error)
        .then(|| Stated { error_type: UNAUTHORIZED.to_owned(), message: unauthorized::TEXT.to_owned() })
}

fn internal(invocation: &Invocation) -> FunctionError {
    FunctionError::new("InternalError", format!("internal error (request id {})", invocation.request_id()))
}
