//! An order in three steps, two of which can be taken back. `order`, `shop` and `ledger` know no Lambda; the functions are in
//! `bin`, and `saga.asl.json` says which one follows upon which.

pub mod ledger;
pub mod order;
pub mod shop;
