//! Offers on terms that feature flags say. `shop` is the core; `features` asks the flags.

pub mod features;
pub mod shop;
