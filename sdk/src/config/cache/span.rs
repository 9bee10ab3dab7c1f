//! [`Within`]: runs a fetch within its caller's span, and continues after the span.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tracing::Span;

/// The span of the caller that waits for a fetch. The caller removes it when it leaves, so that its span ends although
/// the fetch continues.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Span>>>);

impl Slot {
    /// Captures the caller's current span.
    pub(super) fn of_caller() -> Self {
        Self(Arc::new(Mutex::new(Some(Span::current()))))
    }

    /// Marks the caller as waiting until the guard is dropped.
    pub(super) fn waiting(&self) -> Waiting {
        Waiting(self.clone())
    }

    fn span(&self) -> MutexGuard<'_, Option<Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exists while a caller waits.
pub(super) struct Waiting(Slot);

impl Drop for Waiting {
    fn drop(&mut self) {
        let span = self.0.span().take();
        // Dropping a span may run code of the subscriber, so the lock is released first.
        drop(span);
    }
}

/// A future that runs within the span in a slot, while there is one.
pub(super) struct Within<F> {
    pub(super) slot: Slot,
    pub(super) future: Pin<Box<F>>,
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let span = self.slot.span().clone();
        let _entered = span.as_ref().map(Span::enter);
        self.future.as_mut().poll(context)
    }
}
