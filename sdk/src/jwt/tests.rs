use std::fs;

use serde_json::{Value, json};

use super::*;

mod algorithms;
mod claims;
mod fetch;
mod remote;
mod wycheproof;

const ISSUER: &str = "https://id.example.com";
const API: &str = "https://api.example.com";

/// Reads a file of `tests/fixtures/jwt`.
fn fixture(name: &str) -> Value {
    let path = format!("{}/../tests/fixtures/jwt/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn texts<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}
