//! Payments that are charged once, even if a request is repeated. `payments` and `ledger` are the core; `idempotency`
//! defines which requests are duplicates.

pub mod idempotency;
pub mod ledger;
pub mod payments;
