//! Reactions to an order that is placed, paid or cancelled. `order` and `outbox` are independent of queues and Lambda;
//! the functions are in `bin`.

pub mod order;
pub mod outbox;
