//! [`Quota`]: the numbers of a limit, and the generic cell rate algorithm.

use std::time::{Duration, SystemTime};

/// The longest time in which a whole burst is admitted again, and the longest period.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A number of requests per time, and the number of requests that a caller may send at once.
///
/// # Example
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use pilaster::rate_limit::{Quota, Taken};
///
/// let quota = Quota::per_minute(120).burst(2);
/// assert_eq!(quota.interval(), Duration::from_millis(500));
///
/// let now = SystemTime::now();
/// let Taken::Allowed(tat) = quota.take(None, now) else { panic!("the first request") };
/// let Taken::Allowed(tat) = quota.take(Some(tat), now) else { panic!("the second one") };
/// assert_eq!(quota.take(Some(tat), now), Taken::Refused(tat));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Quota {
    limit: u32,
    period: Duration,
    burst: u32,
}

/// The outcome of a request: the state of its key, after it. The time is GCRA's *theoretical arrival time*, at which
/// the whole burst is available again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The request was admitted, and the state has advanced to this time.
    Allowed(SystemTime),
    /// The request was refused, and the state is still this time.
    Refused(SystemTime),
}

impl Quota {
    /// Admits `limit` requests per `period`, of which all may be sent at once. A limit of 0, and a period of 0 or of
    /// more than 366 days, is reported when a layer is built, or by the first [`take`](super::RateLimit::take).
    pub const fn new(limit: u32, period: Duration) -> Self {
        Self { limit, period, burst: limit }
    }

    /// Admits this number of requests per second.
    pub const fn per_second(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(1))
    }

    /// Admits this number of requests per minute.
    pub const fn per_minute(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(60))
    }

    /// Admits this number of requests per hour.
    pub const fn per_hour(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(3600))
    }

    /// Admits this number of requests per day.
    pub const fn per_day(limit: u32) -> Self {
        Self::new(limit, Duration::from_secs(24 * 3600))
    }

    /// Sets the number of requests that a caller may send at once, after a pause: by default the whole limit. It may be
    /// less or more than the limit; with 1, requests are admitted evenly.
    pub const fn burst(mut self, requests: u32) -> Self {
        self.burst = requests;
        self
    }

    /// Returns the number of requests per [`period`](Self::period).
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// Returns the time in which [`limit`](Self::limit) requests are admitted.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Returns the time between two requests at the limit: GCRA's *T*. It is rounded up to a nanosecond, so that a
    /// caller never has more than the limit.
    pub fn interval(&self) -> Duration {
        nanoseconds(self.period.as_nanos().div_ceil(u128::from(self.limit.max(1))))
    }

    /// Returns how far the state may be ahead of a request that is admitted: GCRA's *τ*, which is the interval times
    /// the burst less 1.
    pub fn tolerance(&self) -> Duration {
        nanoseconds(self.interval().as_nanos() * u128::from(self.burst.saturating_sub(1)))
    }

    /// Takes a request at `now` from a key whose state is `tat`, or that has none.
    pub fn take(&self, tat: Option<SystemTime>, now: SystemTime) -> Taken {
        let tat = tat.map_or(now, |tat| tat.max(now));
        if tat > later(now, self.tolerance()) {
            return Taken::Refused(tat);
        }
        Taken::Allowed(later(tat, self.interval()))
    }

    /// Returns why this quota is not valid.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        if self.limit == 0 || self.burst == 0 {
            Some("the limit and the burst must be at least 1")
        } else if self.period.is_zero() || self.period > LONGEST {
            Some("the period must be longer than 0 and at most 366 days")
        } else if self.tolerance() > LONGEST {
            Some("the burst must be available again within 366 days")
        } else {
            None
        }
    }
}

fn nanoseconds(count: u128) -> Duration {
    Duration::from_nanos(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Adds to a time. At the end of what a clock can show, the time stays.
pub(super) fn later(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_add(by).unwrap_or(time)
}
