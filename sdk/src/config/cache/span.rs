//! [`Within`]: a fetch that runs within its caller's span, and after it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tracing::Span;

/// The span of the caller that waits for a fetch. The caller removes it when it leaves, so that its span ends though
/// the fetch goes on.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Span>>>);

impl Slot {
    /// Captures the caller's current span.
    pub(super) fn of_caller() -> Self {
        Self(Arc::new(Mutex::new(Some(Span::current()))))
    }

    /// Marks the caller as waiting until this is dropped.
    pub(super) fn waiting(&self) -> Waiting {
        Waiting(self.clone())
    }

    fn span(&self) -> MutexGuard<'_, Option<Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time during which a caller waits.
pub(super) struct Waiting(Slot);

impl Drop for Waiting {
    fn drop(&mut self) {
        let span = self.0.span().take();
        // Code of the subscriber may run when a span ends, so the lock is free by then.
        drop(span);
    }
}

/// A future that runs within the span of a slot, as long as it has one.
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
