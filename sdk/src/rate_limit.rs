//! Limits of requests per caller and time.
//!
//! [`http::RateLimitLayer`](crate::http::RateLimitLayer) refuses a request of a caller that has used its quota, with a
//! 429. [`RateLimit::take`] asks the same question anywhere else: before a call of another service, for example, in a
//! function of records.
//!
//! The algorithm is the generic cell rate algorithm (GCRA, [ITU-T I.371](https://www.itu.int/rec/T-REC-I.371)): a
//! [`Quota`] of 120 requests per minute with a burst of 20 admits 20 requests at once, and then one each half second.
//! Within any time `t` it admits at most `burst + t × limit / period` requests. It keeps one time stamp per caller, and
//! no window begins anew at once for all callers.
//!
//! # Where it counts
//!
//! - [`MemoryStore`] counts in this sandbox alone: with 50 sandboxes a caller has up to 50 quotas. It fits local runs,
//!   tests, and limits that protect the sandbox itself.
//! - `DynamoDbStore`, with feature `dynamodb`, counts for all sandboxes and all functions that share a table: as a rule
//!   one conditional write per request.
//!
//! # Failures
//!
//! If the store fails, or does not respond within the [time-out](RateLimit::timeout), requests pass, a warning is
//! logged once a minute, and the metric `RateLimitFailures` counts them. With [`RateLimit::fail_closed`] they get a 503.
//!
//! Clocks of two sandboxes that are apart by a time `d` let a caller have up to `d × limit / period` requests more, or
//! let it wait up to `d` longer.
//!
//! # Example
//!
//! ```
//! use pilaster::rate_limit::{MemoryStore, Quota, RateLimit};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let limit = RateLimit::new(MemoryStore::new(), Quota::per_minute(60).burst(2)).name("webhooks");
//! assert!(limit.take("tenant-7").await?.is_allowed());
//! assert!(limit.take("tenant-7").await?.is_allowed());
//! let refused = limit.take("tenant-7").await?;
//! assert!(!refused.is_allowed() && refused.retry_after().as_secs_f64() <= 1.0);
//! assert!(limit.take("tenant-8").await?.is_allowed());
//! # Ok::<(), pilaster::BoxError>(()) })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```

mod decision;
mod engine;
mod error;
mod quota;
mod store;

pub use self::decision::Decision;
pub use self::engine::RateLimit;
pub use self::error::RateLimitError;
pub use self::quota::{Quota, Taken};
#[cfg(feature = "dynamodb")]
pub use self::store::DynamoDbStore;
pub use self::store::{MemoryStore, Store};
