//! Failures as the client may read them. The whole error goes to the log.

use std::any::Any;
use std::time::Duration;

use crate::core::deadline::DeadlineExceeded;
use crate::core::error::{BoxError, FunctionError, NamedErrors, Stated};
use crate::core::invocation::Invocation;
use crate::core::panic::contained;

/// Returns the error for the client: with the type and the text of an error that is meant for it, or an opaque one. The
/// error itself is its cause, for the log.
pub(super) fn of(error: BoxError, named: &NamedErrors, invocation: &Invocation) -> FunctionError {
    match named.stated(&*error) {
        Some(Stated { error_type, message }) => FunctionError::new(error_type, message).with_source(error),
        None => internal(invocation).with_source(error),
    }
}

fn internal(invocation: &Invocation) -> FunctionError {
    FunctionError::new("InternalError", format!("internal error (request id {})", invocation.request_id()))
}

/// Returns the error of a panic, whose text the panic hook has logged.
pub(super) fn panicked(payload: Box<dyn Any + Send>, invocation: &Invocation) -> FunctionError {
    // The payload is the user's value, and its `Drop` may panic as well.
    contained(|| drop(payload));
    internal(invocation).with_source("the resolver panicked")
}

/// Returns the error of work that was cancelled at the deadline.
pub(super) fn late(time: Duration) -> FunctionError {
    FunctionError::new("Timeout", "the resolver did not finish in time").with_source(DeadlineExceeded::after(time))
}

/// Emits the one log line of an item that failed; a single field is logged as a failed invocation.
pub(super) fn log(index: usize, field: Option<&str>, error: &FunctionError) {
    let cause: &(dyn std::error::Error + 'static) = error;
    tracing::error!(
        item = index,
        field,
        error_type = error.error_type(),
        error = cause,
        "the item of the batch failed"
    );
}
