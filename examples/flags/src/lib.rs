//! Offers on terms controlled by feature flags. `shop` is the core; `features` evaluates the flags.

pub mod features;
pub mod shop;
