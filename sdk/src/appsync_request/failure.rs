//! Failures as the client may read them. The whole error goes to the log.

use std::any::Any;
use std::time::Duration;

use super::unauthorized::UNAUTHORIZED;
use crate::core::deadline::DeadlineExceeded;
use crate::core::error::{BoxError, FunctionError, NamedErrors, Stated, log};
use crate::core::invocation::Invocation;
use crate::core::panic::contained;

/// Returns the error for the client: with the type and the text of an error that is meant for it, or an opaque one. The
/// error itself is its cause, for the log.
pub(crate) fn of(error: BoxError, named: &NamedErrors, invocation: &Invocation) -> FunctionError {
    match named.stated(&*error) {
        Some(Stated { error_type, message }) => FunctionError::new(error_type, message).with_source(error),
        None => internal(invocation).with_source(error),
    }
}

/// Logs a refusal, which is not a failure of the function, in place of the layer that logs failed invocations.
pub(crate) fn refused(error: FunctionError) -> FunctionError {
    let error_type = error.error_type();
    if error_type != UNAUTHORIZED {
        return error;
    }
    log(&error, |error| tracing::info!(error_type, error, "the client is not authorized"));
    error.logged()
}

fn internal(invocation: &Invocation) -> FunctionError {
    FunctionError::new("InternalError", format!("internal error (request id {})", invocation.request_id()))
}

/// Returns the error of a panic of a resolver or a handler, whose text the panic hook has logged; `sentence` is for the log.
pub(crate) fn panicked(payload: Box<dyn Any + Send>, invocation: &Invocation, sentence: &'static str) -> FunctionError {
    // The payload is the user's value, and its `Drop` may panic as well.
    contained(|| drop(payload));
    internal(invocation).with_source(sentence)
}

/// Returns the error of the work of a resolver or a handler that was cancelled at the deadline.
pub(crate) fn late(time: Duration, sentence: &str) -> FunctionError {
    FunctionError::new("Timeout", sentence).with_source(DeadlineExceeded::after(time))
}
