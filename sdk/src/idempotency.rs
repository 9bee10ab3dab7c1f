//! Calls that have their effect once, however often they are made.
//!
//! Queues deliver twice, clients send again what they got no answer to. A function behind [`IdempotencyLayer`] takes the lock of
//! the call's key before it runs, and records its answer after: a repeated call gets the recorded answer, and one that comes while the
//! first still runs is refused. The table and its items are those of Powertools for AWS Lambda, so functions in Python, TypeScript and Rust
//! share a table and answer from each other's records.
//!
//! - [`http`]: HTTP requests, by the `Idempotency-Key` header or any part of the request
//! - [`layer`]: events and records
//! - `#[idempotent(key = "order.id")]`: any async function ([`idempotent`](macro@crate::idempotent))
//! - [`Idempotency::run`]: by hand
//!
//! # Example
//!
//! ```
//! use pilaster::http::{self, Created, HttpError, Json};
//! use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
//!
//! async fn pay(Json(amount): Json<u32>) -> Result<Created<u32>, HttpError> {
//!     Ok(Created::at("/payments/1", amount)) // charges the card, once per `Idempotency-Key`
//! }
//!
//! fn api() -> http::Stack {
//!     // On Lambda: `DynamoDbStore::table("idempotency")`.
//!     let idempotency = Idempotency::new(MemoryStore::new()).require_key();
//!     http::Stack::new().idempotency(IdempotencyLayer::new(idempotency))
//! }
//! # let _ = pilaster::handler(pay).layer(api());
//! ```
//!
//! # A record
//!
//! | attribute | meaning |
//! |---|---|
//! | `id` | `prefix#hash`: the hash is the MD5 of the selected value, as JSON text that Python writes |
//! | `expiration` | in seconds since 1970, while the call runs not before the end of its lock; let the table's time to live be this attribute |
//! | `status` | `INPROGRESS` or `COMPLETED` |
//! | `in_progress_expiration` | when the lock ends, in milliseconds since 1970: with the invocation |
//! | `data` | the answer, as JSON text; of an HTTP request whose key an expression selects also the hash of its caller, `pilasterCaller` |
//! | `validation` | the hash of the payload, if one is compared |
//! | `in_progress_token` | of DynamoDB alone, while the call runs: what no two locks have in common; no attribute of Powertools |
//!
//! # What happens when
//!
//! - **The call fails, panics or is given up on** (a time-out, say): the lock is released, so that the next call runs. Where the process
//!   ends first, the lock ends with the invocation.
//! - **The store fails before the call**: it does not run; the caller gets an error. Where only the answer to the lock got lost,
//!   [`DynamoDbStore`] finds its lock and the call runs.
//! - **The store fails after the call**: it is tried two times more. Then an ERROR line says that the answer is not recorded; the
//!   caller gets the answer, since the effect is there, and others are refused until the lock ends.
//! - **The call outlives its lock, and another takes over**: completing and releasing are conditional on the lock, so the late
//!   call changes nothing and its caller gets an error that says to ask again. Powertools lets it overwrite the other's record. A call
//!   whose lock has ended before it begins, since its sandbox was frozen in between, does not run.
//! - **The deadline is past when the call begins**: it is that of no invocation, and the lock lasts for
//!   [`lock_for`](Idempotency::lock_for).
//!
//! # Sharing keys with Powertools
//!
//! A key is the same in two languages if the prefix and the selected value are. Powertools for Python begins its keys with the function's
//! name, the module and the handler's qualified name: name them by [`prefix`](Idempotency::prefix), or give both sides the same
//! `key_prefix`. For TypeScript, use [`Format::TypeScript`]. Numbers are hashed as each language writes them. An integer of more than
//! 64 bits has its digits in Python's form, and is an error in TypeScript's, where others would have the same key. `0` and `false` are
//! keys in both forms, which Powertools for TypeScript takes for nothing.

pub(crate) mod canonical_json;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod jmespath;
mod key;
pub mod layer;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macro_support;
mod store;

pub use self::engine::{Begun, Idempotency, Running};
pub use self::error::IdempotencyError;
pub use self::jmespath::Document;
#[cfg(feature = "logging")]
pub(crate) use self::jmespath::Expression;
pub use self::key::{Format, Hash};
pub use self::layer::{IdempotencyLayer, Idempotent};
#[cfg(feature = "dynamodb")]
pub use self::store::DynamoDbStore;
pub use self::store::{Completion, Lock, Locked, MemoryStore, Record, Status, Store};
