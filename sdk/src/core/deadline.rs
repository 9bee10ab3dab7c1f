//! The deadline of an invocation: [`until`] when its work may last, [`DeadlineExceeded`], and panics of what is dropped then.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::core::invocation::Invocation;

/// The time before the deadline at which a request or an event is cancelled.
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

    /// The time that the work had.
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

/// Returns the end of the work and the time until then; `None` without a deadline. The margin is at most half of the remaining time. A
/// deadline in the past is ignored: `cargo lambda watch` sends one.
pub(crate) fn until(invocation: &Invocation, margin: Duration) -> Option<(Instant, Duration)> {
    let remaining = invocation.remaining().filter(|remaining| !remaining.is_zero())?;
    let time = remaining - margin.min(remaining / 2);
    Some((Instant::now() + time, time))
}

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
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// Drops a value. For a panic of its `Drop`, which the panic hook has logged.
pub(crate) fn contained(drop: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
        // The payload may panic again when it is dropped.
        std::mem::forget(payload);
    }
}
