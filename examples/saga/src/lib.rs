//! The steps of an order, and what cancels them. Each function in `bin` is one step; `saga.asl.json` is their sequence.

mod ledger;
mod money;
mod order;
mod provider;
mod shop;
#[cfg(test)]
mod tests;

pub use self::order::{Order, Progress, Stage, StepError};
pub use self::shop::Shop;
