//! The deadline of an invocation: [`until`] when its work may last, and [`DeadlineExceeded`].

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::invocation::Invocation;

/// The time before the deadline at which a request or an event is cancelled.
pub(crate) const MARGIN: Duration = Duration::from_millis(250);

/// The function did not respond before the deadline of its invocation, and its work was cancelled.
pub struct DeadlineExceeded {
    time: Duration,
    /// The values that the cancelled layers have shared for the response, by type.
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

    /// Returns the time that the work had.
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
        write!(f, "the work was cancelled after {:.1?}, at the deadline of the invocation", self.time)
    }
}

impl std::error::Error for DeadlineExceeded {}

/// Returns the end of the work and the time until then; `None` without a deadline. The margin is at most half of the
/// remaining time. A deadline in the past is ignored: it is that of a wrong clock, by which no work would ever begin.
pub(crate) fn until(invocation: &Invocation, margin: Duration) -> Option<(Instant, Duration)> {
    let remaining = invocation.remaining().filter(|remaining| !remaining.is_zero())?;
    let time = remaining - margin.min(remaining / 2);
    Some((Instant::now() + time, time))
}
