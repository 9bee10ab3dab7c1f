//! Orders that are shipped once each. `order` and `warehouse` are independent of SQS and Lambda; the function is in
//! `main.rs`.

pub mod order;
pub mod warehouse;
