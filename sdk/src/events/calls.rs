//! [`Calls`]: counts the calls of the function, for events whose response depends on the outcomes.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::core::error::FunctionError;
use crate::core::from_event::INVALID_RESPONSE;
use crate::core::invocation::Invocation;
use crate::core::raw::Outgoing;

/// The calls of the function within one invocation: the number of calls, and the number of returned errors.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    begun: AtomicUsize,
    failed: AtomicUsize,
}

impl Calls {
    /// Starts to count the calls of this invocation.
    pub(crate) fn count(invocation: &Invocation) {
        invocation.extensions().insert(Self::default());
    }

    /// Counts a call, and a returned error, if the calls of its invocation are counted.
    pub(crate) async fn counted(
        invocation: &Invocation,
        call: impl Future<Output = Result<Outgoing, FunctionError>>,
    ) -> Result<Outgoing, FunctionError> {
        let calls = invocation.extensions().get::<Self>();
        if let Some(calls) = calls {
            calls.begun.fetch_add(1, Ordering::Relaxed);
        }
        let response = call.await;
        // A function also succeeded if its value cannot be serialized.
        if let Some(calls) =
            calls.filter(|_| response.as_ref().is_err_and(|error| error.error_type() != INVALID_RESPONSE))
        {
            calls.failed.fetch_add(1, Ordering::Relaxed);
        }
        response
    }

    /// Returns `true` if the function was called and each call returned an error. A call that panicked or was cancelled
    /// did not return, and without a call, a layer failed.
    pub(crate) fn all_failed(invocation: &Invocation) -> bool {
        invocation.extensions().get::<Self>().is_some_and(|calls| {
            let begun = calls.begun.load(Ordering::Relaxed);
            begun > 0 && begun == calls.failed.load(Ordering::Relaxed)
        })
    }
}
