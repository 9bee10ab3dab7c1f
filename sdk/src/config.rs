//! Configuration from outside: secrets behind a cache.

pub mod cache;
pub mod secrets;
