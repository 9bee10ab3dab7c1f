//! Calls that take effect once, even if they are repeated.
//!
//! Queues deliver a message twice, and clients retry a request that got no response. A function behind
//! [`IdempotencyLayer`] takes the lock of the call's idempotency key before it runs, and records its result afterwards.
//! A repeated call gets the recorded result, and a call that comes while the first one is running is rejected. The
//! table and its items are those of Powertools for AWS Lambda, so functions in Python, TypeScript and Rust share a
//! table and replay each other's results.
//!
//! - [`http::idempotency`](crate::http::idempotency): HTTP requests, by the `Idempotency-Key` header or any part of the
//!   request
//! - [`layer`]: events and records
//! - `#[idempotent(key = "order.id")]`: any async function ([`idempotent`](macro@crate::idempotent))
//! - [`Idempotency::run`]: any block of code
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
//!     let idempotency = Idempotency::from_env(MemoryStore::new()).require_key();
//!     http::Stack::new().idempotency(IdempotencyLayer::new(idempotency))
//! }
//! # let _ = pilaster::handler(pay).layer(api());
//! ```
//!
//! # The record
//!
//! | attribute | meaning |
//! |---|---|
//! | `id` | `prefix#hash`: by default the MD5 of the selected value, as the JSON text that Python writes |
//! | `expiration` | in seconds since 1970, and while the call is running not before the end of its lock; make it the table's time-to-live attribute |
//! | `status` | `INPROGRESS` or `COMPLETED` |
//! | `in_progress_expiration` | the end of the lock, which is the end of the invocation, in milliseconds since 1970 |
//! | `data` | the result, as JSON text; for an HTTP request whose key an expression selects, also the hash of its caller, `pilasterCaller` |
//! | `validation` | the hash of the payload, if one is compared |
//! | `in_progress_token` | in DynamoDB, while the call is running: the unique token of the lock; not an attribute of Powertools |
//!
//! # Failures
//!
//! - **The call fails, panics or is dropped** (by a time-out, for example): the lock is released, so that the next call
//!   runs. If the process ends first, the lock expires with the invocation. A call that had its effect before it failed
//!   has it again: make the effect idempotent, too, for example by
//!   [`http::IdempotencyKey`](crate::http::idempotency#one-effect).
//! - **The store fails before the call**: the call does not run, and its caller gets an error. If only the response to
//!   the lock was lost, [`DynamoDbStore`] finds its lock and the call runs.
//! - **The store fails after the call**: it is retried twice. Then an ERROR line is logged and the caller gets the
//!   result, since the effect has happened. Repeated calls are rejected until the lock expires.
//! - **The call outlives its lock, and another call takes over**: completing and releasing are conditional on the lock,
//!   so the late call changes nothing, and its caller gets an error that requests a retry. Powertools overwrites the
//!   other record. A call whose lock expires before it begins, since its sandbox was frozen in between, does not run.
//! - **The deadline is past when the call begins**: it is ignored, and the lock lasts for
//!   [`lock_for`](Idempotency::lock_for).
//!
//! # Sharing keys with Powertools
//!
//! A key is the same in two languages if the prefix and the selected value are the same. In Powertools for Python a key
//! begins with the function's name, the module and the handler's qualified name: set these as the
//! [`prefix`](Idempotency::prefix), or set the same `key_prefix` on both sides. For TypeScript, use
//! [`KeyFormat::TypeScript`]. Numbers are hashed as each language writes them. An integer of more than 64 bits keeps
//! its digits in Python's form, and is an error in TypeScript's, where several integers would have the same key. `0`
//! and `false` are keys in both forms; Powertools for TypeScript warns of them, and rejects them with
//! `throwOnNoIdempotencyKey`.

pub(crate) mod canonical_json;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod key;
pub mod layer;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macro_support;
mod store;

pub use self::engine::{Begun, Idempotency, Running};
pub use self::error::IdempotencyError;
pub use self::key::{HashFunction, KeyFormat};
pub use self::layer::{IdempotencyLayer, IdempotencyService};
#[cfg(feature = "dynamodb")]
pub use self::store::DynamoDbStore;
pub use self::store::{Completion, IdempotencyRecord, Lock, LockOutcome, MemoryStore, Status, Store};
pub use crate::core::expression::Document;
