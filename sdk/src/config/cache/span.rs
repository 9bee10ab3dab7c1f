//! [`Within`]: a fetch that runs within its caller's span, and after it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tracing::Span;

/// The span of the caller who waits for a fetch. The caller takes it away when it goes, so that its span ends though the fetch goes on.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Span>>>);

impl Slot {
    /// The span in which the caller is now.
    pub(super) fn of_caller() -> Self {
        Self(Arc::new(Mutex::new(Some(Span::current()))))
    }

    /// The caller waits until this is dropped.
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
        // A span that ends may run code of the subscriber's, so the lock is free by then.
        drop(span);
    }
}

/// Runs a future within the span of a slot, as long as there is one.
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
