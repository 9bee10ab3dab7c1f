//! [`Decision`]: whether a request is admitted, and what is left.

use std::time::{Duration, SystemTime};

use super::quota::{Quota, Taken, later};

/// The outcome of a request: whether it is admitted, and what its caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    is_allowed: bool,
    is_checked: bool,
    remaining: u32,
    retry_after: Duration,
    full_after: Duration,
}

impl Decision {
    pub(super) fn of(taken: Taken, quota: &Quota, now: SystemTime) -> Self {
        let (is_allowed, tat) = match taken {
            Taken::Allowed(tat) => (true, tat),
            Taken::Refused(tat) => (false, tat),
        };
        let until = |end: SystemTime, from: SystemTime| end.duration_since(from).unwrap_or_default();
        let latest = later(now, quota.tolerance());
        // A request is admitted while the state is not after `latest`, and each one advances it by the interval.
        let remaining = match latest.duration_since(tat) {
            Ok(left) => left.as_nanos() / quota.interval().as_nanos().max(1) + 1,
            Err(_) => 0,
        };
        Self {
            is_allowed,
            is_checked: true,
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            retry_after: until(tat, latest),
            full_after: until(tat, now),
        }
    }

    /// The request of a limit that could not be checked.
    pub(super) fn unchecked() -> Self {
        Self {
            is_allowed: true,
            is_checked: false,
            remaining: 0,
            retry_after: Duration::ZERO,
            full_after: Duration::ZERO,
        }
    }

    /// Returns `true` if the request is admitted.
    pub fn is_allowed(&self) -> bool {
        self.is_allowed
    }

    /// Returns `false` if the store failed and the request passes for that reason: the other values are zero.
    pub fn is_checked(&self) -> bool {
        self.is_checked
    }

    /// Returns the number of further requests that would be admitted now.
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// Returns the time after which a request is admitted; zero if one would be admitted now.
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }

    /// Returns the time after which the whole burst is available, if no request comes before.
    pub fn full_after(&self) -> Duration {
        self.full_after
    }
}
