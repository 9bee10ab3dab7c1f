//! The fields `RateLimit-Policy` and `RateLimit`, as lists of strings with parameters
//! ([RFC 9651](https://www.rfc-editor.org/rfc/rfc9651)).

use http::HeaderName;

use crate::rate_limit::Quota;

pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(super) const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Returns the quota. The window is left out if it is not of whole seconds, as a field cannot express it.
pub(super) fn policy(name: &str, quota: &Quota) -> String {
    let limit = quota.limit();
    match (quota.period().as_secs(), quota.period().subsec_nanos()) {
        (seconds @ 1.., 0) => format!("\"{name}\";q={limit};w={seconds}"),
        _ => format!("\"{name}\";q={limit}"),
    }
}

/// Returns what is left, and the seconds until the burst is full.
pub(super) fn limit(name: &str, remaining: u32, seconds: u32) -> String {
    format!("\"{name}\";r={remaining};t={seconds}")
}
