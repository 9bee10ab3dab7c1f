//! The steps that run an order, and those that cancel it. Each function in `bin` calls one; `saga.asl.json` has their sequence.

mod ledger;
mod money;
mod order;
mod provider;
mod shop;
#[cfg(test)]
mod tests;

pub use self::order::{Order, Progress, Stage, StepError};
pub use self::shop::Shop;
