//! When an invocation is over its time: what the HTTP hall, the event door and the record door have in common.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::core::invocation::Invocation;

/// What is left of the time when a request or an event is cancelled.
pub(crate) const MARGIN: Duration = Duration::from_millis(250);

/// The function did not answer before the deadline of its invocation, and its work was cancelled.
pub struct DeadlineExceeded {
    time: Duration,
    /// What the cancelled layers have shared for the response to it, by type.
    #[cfg(feature = "negotiation")]
    pub(crate) extensions: http::Extensions,
}

impl DeadlineExceeded {
    pub(crate) fn after(time: Duration) -> Self {
        Self {
            time,
            #[cfg(feature = "negotiation")]
            extensions: http::Extensions::new(),
        }
    }

    /// How long the work was given.
    pub fn time(&self) -> Duration {
        self.time
    }
}

impl fmt::Debug for DeadlineExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeadlineExceeded").field(&self.time).finish()
    }
}

impl fmt::Display for DeadlineExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the deadline of the invocation came: the work was cancelled after {:.1?}", self.time)
    }
}

impl std::error::Error for DeadlineExceeded {}

/// Until when the work may last, and how long that is; `None` without a deadline. A margin is at most half of the time that
/// there is. A deadline that has passed already is none: it was never meant (`cargo lambda watch`), or it is too late anyway.
pub(crate) fn until(invocation: &Invocation, margin: Duration) -> Option<(Instant, Duration)> {
    let remaining = invocation.remaining().filter(|remaining| !remaining.is_zero())?;
    let time = remaining - margin.min(remaining / 2);
    Some((Instant::now() + time, time))
}

/// Work that may be cancelled. What it drops then may panic, and that stays in it.
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

/// What a function of the user's returns; `None` where it panicked, which the panic hook has logged.
#[cfg(feature = "http")]
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// Drops something whose own `Drop` may panic. The panic hook has logged that, and nothing else comes of it.
pub(crate) fn contained(drop: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
        // What this panic carries may panic as well when it is dropped, so it is not.
        std::mem::forget(payload);
    }
}
