//! Whether a response is the one that a case expects.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// What the response to an event must be. Nothing is expected of what is left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Expect {
    /// Status of an HTTP response, as `201`, or `4xx` for a class. `headers`, `body` and `bytes` are those of that response then.
    pub(crate) status: Option<String>,
    /// Headers that the response must have with these values.
    pub(crate) headers: BTreeMap<String, String>,
    /// JSON that the body must contain; without `status`, the whole response.
    pub(crate) body: Option<Value>,
    /// Length of the body in bytes, decoded.
    pub(crate) bytes: Option<usize>,
    /// Text that must not be anywhere in the response.
    pub(crate) not_contains: Option<String>,
    /// Whether one line of the log must be JSON with the request's id and `cold_start`.
    pub(crate) log: bool,
}

/// A response as it came to the Runtime API.
#[derive(Debug)]
pub(crate) struct Response {
    /// Whether it came by `/error`.
    pub(crate) is_error: bool,
    /// Whether it was streamed: a JSON prelude, eight zeros, and the body.
    pub(crate) is_streamed: bool,
    /// The response; of one that is streamed, the beginning.
    pub(crate) start: bytes::Bytes,
    /// Its whole length in bytes.
    pub(crate) length: usize,
}

impl Expect {
    /// Fails with what is wrong.
    pub(crate) fn check(&self, response: &Response) -> anyhow::Result<()> {
        let text = String::from_utf8_lossy(&response.start);
        ensure!(!response.is_error, "the function failed: {}", text.chars().take(300).collect::<String>());
        if let Some(secret) = &self.not_contains {
            ensure!(!text.contains(secret.as_str()), "the response contains {secret:?}");
        }
        let Some(status) = &self.status else {
            let Some(body) = &self.body else { return Ok(()) };
            let whole = serde_json::from_slice(&response.start).context("the response is not JSON")?;
            return contains("response", &whole, body);
        };
        let (head, streamed) = parts(response)?;
        let got = head["statusCode"].as_u64().context("the response has no statusCode")?.to_string();
        let is_expected = match status.strip_suffix("xx") {
            Some(class) => got.starts_with(class),
            None => got == *status,
        };
        ensure!(is_expected, "the status is {got}, not {status}: {}", head["body"]);
        for (name, value) in &self.headers {
            let headers = head["headers"].as_object().context("the response has no headers")?;
            let got = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            ensure!(got.and_then(Value::as_str) == Some(value), "the header {name} is {got:?}, not {value:?}");
        }
        if let Some(bytes) = self.bytes {
            let got = match (streamed, head["body"].as_str()) {
                (Some(length), _) => length,
                (None, Some(body)) if head["isBase64Encoded"] == true => BASE64_STANDARD.decode(body)?.len(),
                (None, body) => body.map_or(0, str::len),
            };
            ensure!(got == bytes, "the body has {got} bytes, not {bytes}");
        }
        if let Some(expected) = &self.body {
            let body = head["body"].as_str().context("the response has no body")?;
            contains("body", &serde_json::from_str(body).context("the body is not JSON")?, expected)?;
        }
        Ok(())
    }
}

/// The JSON of the response, and of one that is streamed the length of its body.
fn parts(response: &Response) -> anyhow::Result<(Value, Option<usize>)> {
    if !response.is_streamed {
        return Ok((serde_json::from_slice(&response.start).context("the response is not JSON")?, None));
    }
    let zeros = response.start.windows(8).position(|eight| eight == [0; 8]).context("the stream has no prelude")?;
    let prelude = serde_json::from_slice(&response.start[..zeros]).context("the prelude is not JSON")?;
    Ok((prelude, Some(response.length - zeros - 8)))
}

/// Whether `expected` is in `got`: objects by their members, arrays by as many elements, all else by equality.
fn contains(at: &str, got: &Value, expected: &Value) -> anyhow::Result<()> {
    match (expected, got) {
        (Value::Object(members), Value::Object(of)) => {
            for (name, expected) in members {
                let at = format!("{at}.{name}");
                contains(&at, of.get(name).with_context(|| format!("{at} is missing"))?, expected)?;
            }
        }
        (Value::Array(expected), Value::Array(of)) => {
            ensure!(of.len() == expected.len(), "{at} has {} elements, not {}", of.len(), expected.len());
            for (index, (expected, got)) in expected.iter().zip(of).enumerate() {
                contains(&format!("{at}[{index}]"), got, expected)?;
            }
        }
        _ if expected == got => {}
        _ => bail!("{at} is {got}, not {expected}"),
    }
    Ok(())
}

/// Whether this line of the log is JSON that names the request and has a field `cold_start`, at any depth.
pub(crate) fn is_line_of(line: &str, request_id: &str) -> bool {
    fn has_cold_start(value: &Value) -> bool {
        match value {
            Value::Object(members) => members.iter().any(|(name, value)| name == "cold_start" || has_cold_start(value)),
            _ => false,
        }
    }
    line.contains(request_id) && serde_json::from_str(line).is_ok_and(|value| has_cold_start(&value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn response(text: &str) -> Response {
        Response { is_error: false, is_streamed: false, start: text.to_owned().into(), length: text.len() }
    }

    fn expect(json: Value) -> Expect {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_differs_is_named() {
        let created =
            r#"{"statusCode":201,"headers":{"Content-Type":"application/json"},"body":"{\"id\":\"a\",\"n\":1}"}"#;
        let wrong = |expected| expect(expected).check(&response(created)).err().map(|error| error.to_string());
        assert_eq!(
            wrong(json!({"status": "2xx", "headers": {"content-type": "application/json"}, "body": {"n": 1}})),
            None
        );
        assert_eq!(wrong(json!({"status": "200"})).unwrap().split(':').next(), Some("the status is 201, not 200"));
        assert_eq!(wrong(json!({"status": "201", "body": {"id": "b"}})).unwrap(), r#"body.id is "a", not "b""#);
        assert_eq!(wrong(json!({"status": "201", "bytes": 3})).unwrap(), "the body has 16 bytes, not 3");
        assert!(wrong(json!({"status": "201", "headers": {"vary": "x"}})).unwrap().contains("the header vary is None"));
        assert!(wrong(json!({"not_contains": "201"})).is_some());
        let failed = Response { is_error: true, ..response("{}") };
        assert!(Expect::default().check(&failed).is_err());
    }

    #[test]
    fn the_body_of_a_stream_follows_its_prelude() {
        let text = "{\"statusCode\":200}\0\0\0\0\0\0\0\0abc";
        let streamed = Response { is_streamed: true, ..response(text) };
        assert!(expect(json!({"status": "200", "bytes": 3})).check(&streamed).is_ok());
        assert!(expect(json!({"status": "200", "bytes": 4})).check(&streamed).is_err());
    }

    #[test]
    fn a_line_has_to_name_the_request() {
        assert!(is_line_of(r#"{"span":{"cold_start":true},"id":"r-1"}"#, "r-1"));
        assert!(!is_line_of(r#"{"cold_start":true,"id":"r-2"}"#, "r-1"));
        assert!(!is_line_of("cold_start r-1", "r-1"));
    }
}
