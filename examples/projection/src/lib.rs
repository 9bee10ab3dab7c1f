//! Accounts as the sum of their events. `account` and `accounts` know no stream and no Lambda; the function around them is in
//! `main.rs`.

pub mod account;
pub mod accounts;
