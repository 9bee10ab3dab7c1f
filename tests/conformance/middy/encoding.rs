//! `http-content-encoding`: Pilaster's `CompressionLayer`, which reads for itself what middy takes from `http-content-negotiation`.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use pilaster::http::{CompressionLayer, HeaderMap, IntoResponse, Stack};
use serde::Deserialize;
use serde_json::{Value, json};

use super::expectation::{Sees, expected, leaks, secret_of};
use super::handler::Handler;
use super::{errors, options};
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, delivered, send};
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    br: Option<Coding>,
    gzip: Option<Coding>,
    zstd: Option<Coding>,
    override_preferred_encoding: Vec<String>,
}

/// Options of one coding; levels change no more than the size.
#[derive(Deserialize)]
#[serde(untagged)]
enum Coding {
    /// In use, or not.
    On(bool),
    Level(#[allow(dead_code)] Level),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Level {
    #[serde(rename = "level")]
    _level: Option<u32>,
    #[serde(rename = "params")]
    _params: Params,
}

/// Options of brotli by their numbers.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Params {
    #[serde(rename = "1")]
    _quality: Option<u32>,
}

/// The values that middy's negotiation puts into the context.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Context {
    preferred_encoding: Option<String>,
    preferred_encodings: Vec<String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    only_these(
        &case.json["expect"],
        &["handler_called", "handler_event", "response", "response_absent", "error", "context_added"],
    )?;
    let mut stack = Stack::new();
    let mut first_choices = Vec::new();
    for middleware in case.json["chain"].as_array().into_iter().flatten() {
        let config = &middleware["config"];
        match middleware["name"].as_str() {
            Some("http-content-encoding") => {
                let Options { br, gzip, zstd, override_preferred_encoding } = options(config)?;
                if [br, gzip, zstd].iter().any(|coding| matches!(coding, Some(Coding::On(false)))) {
                    return unsupported("a coding that is turned off");
                }
                first_choices = override_preferred_encoding;
                // middy has no minimum, and drops what did not get smaller: gzip's frame alone has 18 bytes.
                stack = stack.compression(CompressionLayer::new().minimum_size(32));
            }
            Some("http-error-handler") => stack = stack.errors(errors::layer(config)?),
            _ => return unsupported("another middleware beside it"),
        }
    }
    let response = &case.json["expect"]["response"];
    if response["body"]["$compressed"] == "deflate" {
        return unsupported("deflate: it is zlib by name and raw in practice, and clients that accept it accept gzip");
    }
    let mut event = complete(&case.json["event"], "GET");
    let context: Context = options(&case.json["context"])?;
    accept(&mut event, context, &first_choices)?;
    let handler = Handler::read(&case.json["handler"])?;
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
    observed["leaks"] = json!(leaks(secret_of(&case.json)?.as_deref(), &observed["body"]));
    let mut want = case.json.clone();
    let compressed = response["body"]["$compressed"].is_string();
    if compressed {
        want["expect"]["response"]["body"] = response["body"]["decoded"].clone();
        observed["body"] = json!(decoded(&observed));
    }
    let mut expected = expected(&want, Sees::default())?;
    if compressed {
        expected["base64"] = json!(true);
    }
    if let (Some(expected), Some(observed)) = (expected.as_object(), observed.as_object_mut()) {
        observed.retain(|name, _| expected.contains_key(name) || name == "refused" || name == "failed");
    }
    Ok(Compared { expected, observed })
}

/// Returns the header from the result of middy's negotiation, with the server's preferences first.
fn accept(event: &mut Value, context: Context, first_choices: &[String]) -> Result<(), Stop> {
    let Context { preferred_encoding: first, preferred_encodings: all } = context;
    let preferred = first_choices.iter().filter(|name| all.contains(name)).cloned();
    let mut list: Vec<String> = Vec::new();
    for name in preferred.chain(first).chain(all.iter().cloned()) {
        if !list.contains(&name) {
            list.push(name);
        }
    }
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
