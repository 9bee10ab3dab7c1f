//! What follows when an order is placed, paid or cancelled. `order` and `desk` know no queue and no Lambda; the functions are in
//! `bin`.

pub mod desk;
pub mod order;
