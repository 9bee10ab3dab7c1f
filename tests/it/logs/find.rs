//! Looks for a secret in text, also in encoded form.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

/// Returns whether the text contains the secret, unchanged or encoded.
pub(super) fn holds(text: &str, secret: &str) -> bool {
    holds_to(text, secret, 8)
}

fn holds_to(text: &str, secret: &str, depth: usize) -> bool {
    if text.contains(secret) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    let unescaped = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let decodings = [unescaped.into_owned()].into_iter().filter(|other| other != text).chain(decoded(text));
    let in_json = serde_json::from_str::<Value>(text.trim().trim_start_matches('\u{feff}')).ok();
    in_json.is_some_and(|json| in_value(&json, secret, depth))
        || decodings.into_iter().any(|other| holds_to(&other, secret, depth))
}

fn in_value(json: &Value, secret: &str, depth: usize) -> bool {
    match json {
        Value::String(text) => holds_to(text, secret, depth),
        Value::Array(items) => items.iter().any(|item| in_value(item, secret, depth)),
        Value::Object(members) => {
            members.iter().any(|(key, value)| holds_to(key, secret, depth) || in_value(value, secret, depth))
        }
        _ => false,
    }
}

/// Decodes base64, and unpacks gzip.
fn decoded(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.len() < 8 {
        return Vec::new();
    }
    let engines = [&STANDARD, &URL_SAFE, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD];
    let bytes = engines.iter().find_map(|engine| engine.decode(text).ok());
    bytes.into_iter().map(|bytes| String::from_utf8_lossy(&unpacked(bytes)).into_owned()).collect()
}

fn unpacked(bytes: Vec<u8>) -> Vec<u8> {
    let mut unpacked = Vec::new();
    match flate2::read::GzDecoder::new(&*bytes).take(1 << 20).read_to_end(&mut unpacked) {
        Ok(_) => unpacked,
        Err(_) => bytes,
    }
}

#[test]
fn it_is_found_in_every_encoding() {
    let secret = "hunter2abc";
    let json = serde_json::json!({"a": [secret]}).to_string();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, json.as_bytes()).unwrap();
    for text in [
        json.clone(),
        serde_json::json!(json).to_string(),
        STANDARD.encode(&json),
        serde_json::json!({"event": {"data": STANDARD.encode(packed.finish().unwrap())}}).to_string(),
        "a=%68unter2abc".to_owned(),
        r#"{"a":"\u0068unter2abc"}"#.to_owned(),
    ] {
        assert!(holds(&text, secret), "{text}");
    }
    assert!(!holds(&json, "hunter3abc"));
}
