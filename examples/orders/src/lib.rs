//! Orders that are shipped once each. `order` and `warehouse` know no queue and no Lambda; the function around them is in
//! `main.rs`.

pub mod order;
pub mod warehouse;
