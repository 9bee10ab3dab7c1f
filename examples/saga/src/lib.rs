//! An order in three steps, two of which can be compensated. `order`, `shop` and `ledger` are independent of Lambda;
//! the functions are in `bin`, and `saga.asl.json` defines their sequence.

pub mod ledger;
pub mod order;
pub mod shop;
