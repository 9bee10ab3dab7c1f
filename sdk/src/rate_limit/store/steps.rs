//! GCRA by conditional writes. A condition of DynamoDB does no arithmetic, so there are two writes: one for a key whose
//! burst is available (`tat` lies in the past, or there is none) and one for any other key. A write that fails returns
//! the state, from which the next one follows.

use std::time::Duration;

use crate::core::error::BoxError;
use crate::rate_limit::quota::Quota;

/// The number of writes for one request. A state only advances, so the third one is decided; the others are for an item
/// that is deleted meanwhile.
const ATTEMPTS: usize = 5;

/// The outcome of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// The state is now this one.
    To(u64),
    /// The condition failed, since the state is this one.
    Not(Option<u64>),
}

/// The two conditional writes. States are in nanoseconds since 1970.
pub(super) trait Writes: Sync {
    /// `SET tat = to` if there is no `tat`, or `tat < now`.
    fn start(&self, key: &str, to: u64, now: u64) -> impl Future<Output = Result<Written, BoxError>> + Send;

    /// `SET tat = tat + by` if `tat` is between `from` and `until`, including both.
    fn add(&self, key: &str, by: u64, from: u64, until: u64) -> impl Future<Output = Result<Written, BoxError>> + Send;
}

/// Returns a time in nanoseconds. The greatest number is more than 580 years.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Takes a request at `now`. `known` is a state that the key has had; a state never goes back.
///
/// Returns whether it is admitted, and the state.
pub(super) async fn take(
    writes: &impl Writes,
    key: &str,
    quota: &Quota,
    now: u64,
    known: Option<u64>,
) -> Result<(bool, u64), BoxError> {
    let by = nanoseconds(quota.interval());
    let until = now.saturating_add(nanoseconds(quota.tolerance()));
    let mut state = known;
    for _ in 0..ATTEMPTS {
        let written = match state {
            // A refused caller costs no write until its request would be admitted.
            Some(tat) if tat > until => return Ok((false, tat)),
            Some(tat) if tat >= now => writes.add(key, by, now, until).await?,
            _ => writes.start(key, now.saturating_add(by), now).await?,
        };
        match written {
            Written::To(tat) => return Ok((true, tat)),
            Written::Not(tat) => state = tat,
        }
    }
    Err("the state of the rate limit kept changing while it was written".into())
}

#[cfg(test)]
mod tests;
