//! When an invocation is over its time: what the HTTP hall, the event door and the record door have in common.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::event::Invocation;

/// What is left of the time when a request or an event is cancelled.
pub(crate) const MARGIN: Duration = Duration::from_millis(250);

/// The function did not answer before the deadline of its invocation, and its work was cancelled.
#[derive(Debug)]
pub struct DeadlineExceeded(Duration);

impl DeadlineExceeded {
    pub(crate) fn after(time: Duration) -> Self {
        Self(time)
    }

    /// How long the work was given.
    pub fn time(&self) -> Duration {
        self.0
    }
}

impl fmt::Display for DeadlineExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the deadline of the invocation came: the work was cancelled after {:.1?}", self.0)
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
