//! [`Outcome`]: the result of one record of a batch, and its log line.

use std::any::Any;

use crate::core::error::{FunctionError, log};
use crate::core::panic::{caught, contained};
use crate::records::error::RecordError;
use crate::records::record::Record;
use crate::records::response::RecordResponse;

/// The result of one record.
#[derive(Debug)]
pub(super) enum Outcome {
    Succeeded(RecordResponse),
    /// Failed permanently; it is not retried.
    Discarded(FunctionError),
    Failed(FunctionError),
    /// Started, and cancelled at the deadline.
    Cancelled,
    /// Not started: the deadline was near, or an earlier record failed.
    NotStarted,
}

impl Outcome {
    /// Logs the failure of a record and returns it as an outcome.
    pub(super) fn failed(record: &Record, error: FunctionError) -> Self {
        // The `source` of an error is user code.
        let is_discarded = caught(|| RecordError::discards(&error)).unwrap_or_default();
        log_failure(record, &error, is_discarded);
        if is_discarded { Self::Discarded(error) } else { Self::Failed(error) }
    }

    /// Returns whether the source must retry the record.
    pub(super) fn is_retried(&self) -> bool {
        !matches!(self, Self::Succeeded(_) | Self::Discarded(_))
    }

    pub(super) fn response(&self) -> Option<&RecordResponse> {
        match self {
            Self::Succeeded(response) => Some(response),
            _ => None,
        }
    }
}

/// Returns the error of a panic. The payload is the user's value, and its `Drop` may panic as well.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> FunctionError {
    contained(|| drop(payload));
    FunctionError::new("Panic", "the function panicked")
}

/// Emits the one log line of a record that failed.
pub(super) fn log_failure(record: &Record, error: &FunctionError, is_discarded: bool) {
    let (id, source) = (record.record_id().as_text(), record.source());
    let receive_count = record.receive_count();
    let error_type = error.error_type();
    log(error, |error| match is_discarded {
        false => {
            tracing::error!(record_id = &*id, source = %source, receive_count, error_type, error, "the record failed");
        }
        true => tracing::warn!(
            record_id = &*id, source = %source, receive_count, error_type, error, "the record failed and is discarded"
        ),
    });
}
