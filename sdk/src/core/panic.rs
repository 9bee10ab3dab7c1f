//! Panics of the user's code outside of a call: while a value is made, cloned or dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Work that may be cancelled, for a panic of a value that is dropped then. Its memory can be used again.
pub(crate) struct Cancellable<F>(Pin<Box<Option<F>>>);

#[cfg(feature = "records")]
impl<F> Default for Cancellable<F> {
    fn default() -> Self {
        Self(Box::pin(None))
    }
}

impl<F> Cancellable<F> {
    pub(crate) fn new(work: F) -> Self {
        Self(Box::pin(Some(work)))
    }

    /// Starts the work, in place of earlier work.
    #[cfg(feature = "records")]
    pub(crate) fn start(&mut self, work: F) {
        self.cancel();
        self.0.as_mut().set(Some(work));
    }

    fn cancel(&mut self) {
        contained(|| self.0.as_mut().set(None));
    }
}

impl<F: Future> Future for Cancellable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().as_pin_mut().map_or(Poll::Pending, |work| work.poll(cx))
    }
}

impl<F> Drop for Cancellable<F> {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Returns the value of a call; `None` for a panic of the user's code in it, which the panic hook has logged.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(payload) => {
            contained(|| drop(payload));
            None
        }
    }
}

/// Drops a value. For a panic of its `Drop`, which the panic hook has logged.
pub(crate) fn contained(drop: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
        // The payload may panic again when it is dropped.
        std::mem::forget(payload);
    }
}
