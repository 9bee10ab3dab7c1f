//! The macros of [`pilaster`](https://docs.rs/pilaster): use them through that crate.
