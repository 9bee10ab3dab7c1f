//! A nightly clean-up. `carts` knows no clock and no Lambda; the function around it is in `main.rs`.

pub mod carts;
