//! Events and functions that several test programs share.
#![allow(clippy::unwrap_used)]

pub mod http;
pub mod records;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use pilaster::testing::Caller;
use pilaster::{FunctionError, RawService};
use serde_json::Value;

/// Calls a function with this text, and fails the test if a panic reaches the caller.
pub async fn call<R: RawService>(caller: &Caller<R>, event: &str) -> Result<Value, FunctionError> {
    let answer = AssertUnwindSafe(caller.call_text(event)).catch_unwind().await;
    answer.unwrap_or_else(|_| panic!("it panicked: {}", event.chars().take(200).collect::<String>()))
}
