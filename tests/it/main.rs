//! The library from outside: whole functions called in this process, a module per kind.
#![allow(clippy::unwrap_used)]

mod appsync;
mod channels;
mod error_type;
mod events;
mod http;
mod idempotency;
mod logs;
mod mcp;
mod records;
mod service;
mod services;
mod tools;
mod traces;
