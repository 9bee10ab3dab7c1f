//! Powertools' JMESPath functions: `powertools_json(text)`, `powertools_base64(text)` and
//! `powertools_base64_gzip(text)` decode text in events and documents.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use jmespath::functions::{ArgumentType, CustomFunction, Signature};
use jmespath::{Context, ErrorReason, JmespathError, Rcvar, Runtime, Variable};

/// The maximum size that `powertools_base64_gzip` unpacks, in bytes: a few KB can unpack to GB.
pub(crate) const UNPACKED_LIMIT: u64 = 16 * 1024 * 1024;

/// A function that decodes a text.
pub(crate) type Read = fn(&str) -> Result<Variable, String>;

/// Returns a JMESPath runtime with the built-in functions and Powertools'; `json` is `powertools_json`.
pub(crate) fn runtime(json: Read) -> Runtime {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let functions: [(&str, Read); 3] =
        [("powertools_json", json), ("powertools_base64", base64), ("powertools_base64_gzip", base64_gzip)];
    for (name, function) in functions {
        let signature = Signature::new(vec![ArgumentType::String], None);
        let evaluate = move |arguments: &[Rcvar], context: &mut Context<'_>| {
            let text = arguments.first().and_then(|text| text.as_string()).map(String::as_str).unwrap_or_default();
            let failed = |reason| JmespathError::from_ctx(context, ErrorReason::Parse(format!("{name}: {reason}")));
            function(text).map(Rcvar::new).map_err(failed)
        };
        runtime.register_function(name, Box::new(CustomFunction::new(signature, Box::new(evaluate))));
    }
    runtime
}

/// Returns the place at which a text is not JSON, without the text, which may be personal.
pub(crate) fn not_json(error: &serde_json::Error) -> String {
    format!("not JSON at line {} column {}", error.line(), error.column())
}

fn base64(text: &str) -> Result<Variable, String> {
    utf8(decoded(text)?)
}

fn base64_gzip(text: &str) -> Result<Variable, String> {
    let mut unpacked = Vec::new();
    let packed = decoded(text)?;
    let read = MultiGzDecoder::new(&*packed).take(UNPACKED_LIMIT + 1).read_to_end(&mut unpacked);
    match read {
        Ok(_) if unpacked.len() as u64 > UNPACKED_LIMIT => Err(format!("unpacks to more than {UNPACKED_LIMIT} bytes")),
        Ok(_) => utf8(unpacked),
        Err(_) => Err("not gzip".to_owned()),
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| "not base64".to_owned())
}

fn utf8(bytes: Vec<u8>) -> Result<Variable, String> {
    String::from_utf8(bytes).map(Variable::String).map_err(|_| "not UTF-8".to_owned())
}
