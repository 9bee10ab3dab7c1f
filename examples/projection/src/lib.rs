//! Accounts computed from their events. `account` and `accounts` are independent of streams and Lambda; the function is
//! in `main.rs`.

pub mod account;
pub mod accounts;
