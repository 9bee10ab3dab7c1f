//! What a function tells: logs.

pub mod logging;
