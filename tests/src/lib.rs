//! Tests of the whole.

#[path = "../engines/engine.rs"]
pub mod engine;
