//! The client context in the header of an invocation, whose values may be any JSON.
//!
//! `lambda_runtime` 1.5.0 ends its loop with a value that is not text: an AgentCore Gateway that propagates headers sends
//! an object. The polls of [`workers`](super::workers) [repair](crate::core::client_context::repair) it.

use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::core::client_context;

const HEADER: &str = "lambda-runtime-client-context";

/// Repairs the client context. A header that is not JSON stays as it is, and fails its invocation alone.
pub(super) fn repair(headers: &mut HeaderMap) {
    let Some(sent) = headers.get(HEADER) else { return };
    let Ok(Value::Object(mut context)) = serde_json::from_slice(sent.as_bytes()) else { return };
    client_context::repair(&mut context);
    let text = ascii(&Value::Object(context).to_string());
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(HEADER, value);
    }
}

/// Escapes the characters that `lambda_runtime` does not accept in a header, and DEL, which no header may have.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match matches!(c, ' '..='~') {
            true => escaped.push(c),
            false => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    mod model;

    use std::sync::Arc;

    use lambda_runtime::{Config, Context};

    use super::*;

    fn headers(client_context: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("lambda-runtime-deadline-ms", HeaderValue::from_static("1700000000000"));
        headers.insert(HEADER, HeaderValue::from_bytes(client_context.as_bytes()).unwrap());
        headers
    }

    fn context(headers: &HeaderMap) -> Option<Context> {
        Context::new("52fdfc07", Arc::new(Config::default()), headers).ok()
    }

    #[test]
    fn check_34_an_object_ends_the_loop_of_lambda_runtime_and_is_text_after_the_repair() {
        let sent = r#"{"custom":{"tool":"t___a","headers":{"X-User":"ada é 🦀"},"n":5,"none":null},"client":null}"#;
        let mut headers = headers(sent);
        // The day on which this is `Some`, the repair can go.
        assert!(context(&headers).is_none());
        repair(&mut headers);
        let custom = context(&headers).unwrap().client_context.unwrap().custom;
        assert_eq!(custom["tool"], "t___a");
        assert_eq!(custom["headers"], r#"{"X-User":"ada é 🦀"}"#);
        assert_eq!((custom["n"].as_str(), custom.get("none")), ("5", None));
    }

    #[test]
    fn text_stays_and_a_header_that_is_not_json_stays() {
        for sent in ["not json", "[1]", "7"] {
            let mut repaired = headers(sent);
            repair(&mut repaired);
            assert_eq!(repaired, headers(sent));
        }
        let mut plain = headers(
            r#"{"client":{"app_title":"a","installationId":"i","appVersionName":"","appVersionCode":"","appPackageName":""},"custom":{"a":"b"},"environment":{"c":"d"}}"#,
        );
        let before = context(&plain).unwrap().client_context;
        repair(&mut plain);
        assert_eq!(context(&plain).unwrap().client_context, before);
    }
}
