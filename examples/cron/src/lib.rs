//! A nightly clean-up. `carts` is independent of the clock and of Lambda; the function is in `main.rs`.

pub mod carts;
