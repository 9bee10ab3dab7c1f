//! The library from outside: whole functions called in this process, a module per kind.
#![allow(clippy::unwrap_used)]

mod error_type;
mod events;
mod http;
mod idempotency;
mod logs;
mod mcp;
mod records;
mod service;
mod tools;
mod traces;
