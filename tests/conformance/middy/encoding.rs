//! `http-content-encoding`: Pilaster's `CompressionLayer`, which reads for itself what middy takes from `http-content-negotiation`.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use pilaster::http::{CompressionLayer, HeaderMap, IntoResponse, Stack};
use serde::Deserialize;
use serde_json::{Value, json};

use super::expectation::{Sees, expected};
use super::handler::Handler;
use super::{errors, options};
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, delivered, send};
use crate::{Compared, Replay, Stop, unsupported};

/// Levels change no more than the size.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[allow(dead_code)]
struct Options {
    br: Value,
    gzip: Value,
    zstd: Value,
    override_preferred_encoding: Vec<String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    let mut stack = Stack::new();
    for middleware in case.json["chain"].as_array().into_iter().flatten() {
        let config = &middleware["config"];
        match middleware["name"].as_str() {
            Some("http-content-encoding") => {
                let Options { .. } = options(config)?;
                // middy has no minimum, and drops what did not get smaller: gzip's frame alone has 18 bytes.
                stack = stack.compression(CompressionLayer::new().minimum_size(32));
            }
            Some("http-error-handler") => stack = stack.errors(errors::layer(config)?),
            _ => return unsupported("another middleware beside it"),
        }
    }
    let (value, response) = (&case.json["handler"]["value"], &case.json["expect"]["response"]);
    if value["isBase64Encoded"] == true {
        return unsupported("a response in the form of one event source");
    }
    if response["body"]["$compressed"] == "deflate" {
        return unsupported("deflate: it is zlib by name and raw by habit, and whoever takes it takes gzip");
    }
    let mut event = complete(&case.json["event"], "GET");
    accept(&mut event, &case.json["context"])?;
    let handler = Handler::read(&binary(&case.json["handler"]))?;
    let notes = Notes::default();
    let seen = notes.clone();
    let function = move |_: HeaderMap| {
        let answer = handler.run(&seen, json!({})).map(IntoResponse::into_response);
        async move { answer }
    };
    let mut observed = match send(pilaster::handler(function).layer(stack), &event) {
        Sent::Answer(answer) => delivered(&event, &answer),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["called"] = json!(!notes.all().is_empty());
    let message = case.json.pointer("/expect/error/message").and_then(Value::as_str);
    observed["leaks"] = json!(message.is_some_and(|text| observed["body"].to_string().contains(text)
        && !"Internal Server Error".to_ascii_lowercase().contains(text)));
    let mut want = case.json.clone();
    let compressed = response["body"]["$compressed"].is_string();
    if compressed {
        want["expect"]["response"]["body"] = response["body"]["decoded"].clone();
        observed["body"] = json!(decoded(&observed));
    }
    let mut expected = expected(&want, Sees::default());
    if compressed {
        expected["base64"] = json!(true);
    } else if let Some(number) = expected["body"].as_number() {
        expected["body"] = json!(number.to_string());
    }
    if let (Some(expected), Some(observed)) = (expected.as_object(), observed.as_object_mut()) {
        observed.retain(|name, _| expected.contains_key(name) || name == "refused" || name == "failed");
    }
    Ok(Compared { expected, observed })
}

/// What middy's negotiation found as the header that it found it in.
fn accept(event: &mut Value, context: &Value) -> Result<(), Stop> {
    let first = context["preferredEncoding"].as_str();
    let all = context["preferredEncodings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut list: Vec<_> = first.into_iter().collect();
    list.extend(all.filter(|name| Some(*name) != first));
    if list.is_empty() {
        return Ok(());
    }
    match event.as_object_mut().map(|event| event.entry("headers").or_insert_with(|| json!({}))) {
        Some(Value::Object(headers)) => {
            headers.insert("accept-encoding".to_owned(), json!(list.join(", ")));
            Ok(())
        }
        _ => unsupported("headers that are none"),
    }
}

/// The text of a compressed answer.
fn decoded(observed: &Value) -> Option<String> {
    let bytes = STANDARD.decode(observed["body"].as_str()?).ok()?;
    let mut text = String::new();
    match observed["headers"]["content-encoding"].as_str()? {
        "gzip" => GzDecoder::new(&*bytes).read_to_string(&mut text).ok()?,
        "br" => brotli::Decompressor::new(&*bytes, 4096).read_to_string(&mut text).ok()?,
        "zstd" => zstd::Decoder::new(&*bytes).ok()?.read_to_string(&mut text).ok()?,
        _ => return None,
    };
    Some(text)
}

/// Bytes as the text that they are.
fn binary(handler: &Value) -> Value {
    let mut handler = handler.clone();
    let bytes = handler["value"]["body"]["$bytes"].as_str().and_then(|text| STANDARD.decode(text).ok());
    if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        handler["value"]["body"] = json!(text);
    }
    handler
}
