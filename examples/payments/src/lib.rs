//! Payments that are charged once, however often they are asked for. `payments` and `ledger` are the core; `once` says what
//! makes two requests the same one.

pub mod ledger;
pub mod once;
pub mod payments;
