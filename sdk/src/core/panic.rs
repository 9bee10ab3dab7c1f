//! Panics of the user's code outside of a call: while a value is made, cloned or dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Work that may be cancelled. For a panic of a value that is dropped then.
pub(crate) struct Cancellable<F>(Option<Pin<Box<F>>>);

impl<F> Cancellable<F> {
    pub(crate) fn new(work: F) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<F: Future> Future for Cancellable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().map_or(Poll::Pending, |work| work.as_mut().poll(cx))
    }
}

impl<F> Drop for Cancellable<F> {
    fn drop(&mut self) {
        let work = self.0.take();
        contained(|| drop(work));
    }
}

/// Returns the value of a call; `None` for a panic of the user's code in it, which the panic hook has logged.
#[cfg(feature = "http")]
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
