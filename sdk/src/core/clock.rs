//! [`Moment`]: a point in time by two clocks.
//!
//! While Lambda has frozen a sandbox the monotonic clock may stand still; the wall clock shows the time that passed,
//! but may be set back. So an age is the greater of what the two clocks show.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A point in time by the monotonic clock and by the wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The order of the moments of a process, also of those between which no clock moves.
    order: u64,
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// Returns the current time.
    pub(crate) fn now() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self { order: COUNT.fetch_add(1, Ordering::Relaxed), monotonic: Instant::now(), wall: wall() }
    }

    /// Returns the time since this moment, by the clock that shows more; zero if it lies ahead.
    #[cfg_attr(
        not(any(feature = "secrets", feature = "appconfig", feature = "flags", feature = "otel", feature = "jwt")),
        allow(dead_code)
    )]
    pub(crate) fn age(self) -> Duration {
        self.age_at(Self::now())
    }

    /// Returns the time from this moment to a later one.
    pub(crate) fn age_at(self, now: Self) -> Duration {
        let monotonic = now.monotonic.saturating_duration_since(self.monotonic);
        monotonic.max(now.wall.duration_since(self.wall).unwrap_or_default())
    }

    /// Returns whether this moment came before another one, whatever the clocks show.
    #[cfg_attr(not(any(feature = "secrets", feature = "_parameters", feature = "jwt")), allow(dead_code))]
    pub(crate) fn is_before(self, other: Self) -> bool {
        self.order < other.order
    }
}

/// Returns the wall clock's time in seconds since 1970.
#[cfg(feature = "jwt")]
pub(crate) fn unix_seconds() -> f64 {
    wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(not(test))]
fn wall() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
use self::test::wall;
#[cfg(test)]
pub(crate) use self::test::{freeze, set_back};

/// The wall clock of tests. It follows tokio's clock, also a paused one, and can be moved alone.
#[cfg(test)]
mod test {
    use std::cell::Cell;
    use std::sync::OnceLock;
    use std::time::{Duration, SystemTime};

    use tokio::time::Instant;

    thread_local! {
        /// The seconds by which this thread's wall clock was moved.
        static MOVED: Cell<i64> = const { Cell::new(0) };
    }

    /// Moves this thread's wall clock alone, as a frozen sandbox sees it.
    pub(crate) fn freeze(time: Duration) {
        MOVED.set(MOVED.get() + i64::try_from(time.as_secs()).unwrap());
    }

    /// Sets this thread's wall clock back.
    pub(crate) fn set_back(time: Duration) {
        MOVED.set(MOVED.get() - i64::try_from(time.as_secs()).unwrap());
    }

    pub(crate) fn wall() -> SystemTime {
        static START: OnceLock<(Instant, SystemTime)> = OnceLock::new();
        let now = Instant::now();
        let (start, wall) = *START.get_or_init(|| (now, SystemTime::now()));
        // A paused runtime of another test may have begun earlier.
        let wall = wall + now.saturating_duration_since(start) - start.saturating_duration_since(now);
        let moved = Duration::from_secs(MOVED.get().unsigned_abs());
        if MOVED.get() < 0 { wall - moved } else { wall + moved }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn an_age_is_what_the_clock_shows_that_shows_more() {
        let then = Moment::now();
        assert_eq!(then.age(), Duration::ZERO);
        advance(MINUTE).await;
        assert_eq!(then.age(), MINUTE);
        freeze(MINUTE);
        assert_eq!(then.age(), MINUTE * 2, "the monotonic clock stood still");
        set_back(MINUTE * 3);
        assert_eq!(then.age(), MINUTE, "the wall clock was set back");
        assert!(then.is_before(Moment::now()));
    }
}
