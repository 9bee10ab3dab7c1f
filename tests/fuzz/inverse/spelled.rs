//! Events in any spelling of JSON: escapes in names and values, white space, members in any order and repeated. `serde_json` is the other
//! reader of the same text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::http::{Bytes, HeaderMap, RequestContext};
use pilaster::testing::Caller;
use pilaster::{BoxError, Sqs};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::sent::header_value;
use super::{SEEN, bytes, holds, json as json_value, object, see, text};
use crate::decoders::block_on;
use crate::mutate::Random;

/// A writer of JSON that spells each value at random.
struct Speller(Random);

impl Speller {
    fn space(&mut self) -> String {
        (0..self.0.below(3)).map(|_| *self.0.pick(&[' ', '\n', '\r', '\t'])).collect()
    }

    fn string(&mut self, text: &str) -> String {
        let mut spelled = String::from('"');
        // Half of the strings have no escape that they do not need.
        let escapes = self.0.below(2) == 0;
        for char in text.chars() {
            let may_stay = char >= ' ' && char != '"' && char != '\\';
            if may_stay && !(escapes && self.0.below(3) == 0) {
                spelled.push(char);
            } else if let Some(short) = "\"\\/\u{8}\u{c}\n\r\t".chars().position(|escaped| escaped == char)
                && self.0.below(2) == 0
            {
                spelled.push('\\');
                spelled.push_str(&"\"\\/bfnrt"[short..=short]);
            } else {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = if self.0.below(2) == 0 {
                        write!(spelled, "\\u{unit:04x}")
                    } else {
                        write!(spelled, "\\u{unit:04X}")
                    };
                }
            }
        }
        spelled.push('"');
        spelled
    }

    fn value(&mut self, value: &Value) -> String {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.value(item)).collect();
                self.list('[', items, ']')
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), self.value(value))).collect();
                self.object(members)
            }
            other => other.to_string(),
        }
    }

    /// Spells an object of these members, whose values are spelled.
    fn object(&mut self, mut members: Vec<(&str, String)>) -> String {
        for at in (1..members.len()).rev() {
            members.swap(at, self.0.below(at + 1));
        }
        let spell =
            |(name, value): (&str, String)| format!("{}{}:{}{value}", self.string(name), self.space(), self.space());
        let members = members.into_iter().map(spell).collect();
        self.list('{', members, '}')
    }

    fn list(&mut self, open: char, items: Vec<String>, close: char) -> String {
        let items = items.iter().map(|item| format!("{}{item}{}", self.space(), self.space())).collect::<Vec<_>>();
        format!("{open}{}{}{close}", items.join(","), self.space())
    }
}

/// Collects the paths of all values that `RequestContext::get` can name.
fn paths(of: &Value, before: &str, all: &mut Vec<(String, Value)>) {
    for (name, value) in of.as_object().into_iter().flatten().filter(|(name, _)| !name.contains('.')) {
        let path = format!("{before}{name}");
        paths(value, &format!("{path}."), all);
        all.push((path, value.clone()));
    }
}

async fn show(context: RequestContext, headers: HeaderMap, body: Bytes) {
    let raw = context.raw().get();
    let mut values = Vec::new();
    paths(&serde_json::from_str(raw).unwrap(), "", &mut values);
    for (path, value) in values {
        assert_eq!(context.get::<Value>(&path), Some(value), "{path} of {raw}");
        for path in [format!("{path}.none"), format!("{path}."), format!("none{path}")] {
            let pointer = format!("/{}", path.replace('~', "~0").replace('/', "~1").replace('.', "/"));
            let expected = serde_json::from_str::<Value>(raw).unwrap().pointer(&pointer).cloned();
            // A pointer also names the items of a list, but not by a name.
            assert_eq!(context.get::<Value>(&path), expected, "{path} of {raw}");
        }
    }
    let value = |value: &pilaster::http::HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    let headers = headers.iter().map(|(name, of)| (name.to_string(), value(of))).collect::<Vec<_>>();
    let headers = headers.into_iter().fold(BTreeMap::<_, Vec<_>>::new(), |mut all, (name, value)| {
        all.entry(name).or_default().push(value);
        all
    });
    see(json!([raw, headers, body.to_vec()]));
}

/// Breaks a text into lines of 76 characters, as MIME does.
fn lines(text: &str) -> String {
    text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\r\n")
}

#[test]
fn a_request_of_any_spelling_is_what_serde_json_reads() {
    let caller = Caller::new(pilaster::handler(show)).without_logs();
    let name = prop::sample::select(vec![
        "X-Forwarded-For",
        "x-forwarded-port",
        "X-AMZN-TRACE-ID",
        "x-amzn-trace-ids",
        "xforwarded-for",
        "Accept",
        "X-Own",
        "user-agent",
        "Authorization",
    ]);
    let body = prop_oneof![bytes(200).prop_map(Err), text(60).prop_map(Ok)];
    // More than the event may have for its headers to share its text.
    let padding = prop_oneof![Just(0_usize), Just(20_000)];
    let request = (vec((name, header_value()), 0..6), body, padding, any::<bool>());
    holds((any::<u64>(), object(json_value()), request), |(seed, context, (headers, body, padding, is_rest))| {
        let mut speller = Speller(Random::seeded(seed));
        let (Value::Object(mut members), twice) = (context.clone(), context) else { panic!("no object") };
        if !is_rest {
            members.insert("http".to_owned(), json!({ "method": "PUT", "path": "/", "sourceIp": "::1" }));
        }
        let mut spelled = Vec::new();
        for (name, value) in &members {
            spelled.push((name.as_str(), speller.value(value)));
        }
        // Names that the adapter does not read may occur twice.
        for name in twice.as_object().unwrap().keys().filter(|name| *name != "http").take(seed as usize % 3) {
            spelled.push((name, speller.value(&json!({ "again": [name] }))));
        }
        let context = speller.object(spelled);
        let mut expected_headers = BTreeMap::<String, Vec<String>>::new();
        let mut multi = Map::new();
        let mut single = Vec::new();
        for (name, value) in headers {
            // A name may occur once in each case of a map with several values.
            let first = multi.entry(name).or_insert_with(|| json!([])).as_array_mut().unwrap();
            if is_rest || first.is_empty() {
                first.push(json!(value));
                expected_headers.entry(name.to_lowercase()).or_default().push(value.clone());
                single.push((name, speller.string(&value)));
            }
        }
        let expected_body = body.as_ref().map_or_else(Clone::clone, |text| text.clone().into_bytes());
        let spelled_body = match &body {
            Ok(text) => speller.string(text),
            Err(bytes) => speller.string(&lines(&STANDARD.encode(bytes))),
        };
        let mut event = vec![
            ("requestContext", context.clone()),
            ("body", spelled_body),
            ("isBase64Encoded", body.is_err().to_string()),
            ("requestContexts", speller.value(&json!({ "requestContext": { "http": null } }))),
            ("padding", speller.string(&"{\"requestContext\":1}".repeat(padding / 20))),
        ];
        if is_rest {
            event.push(("httpMethod", speller.string("PUT")));
            event.push(("path", speller.string("/")));
            event.push(("multiValueHeaders", speller.value(&multi.into())));
            event.push(("headers", speller.value(&json!({ "X-AMZN-Trace-Id": "lost", "Accept": "lost" }))));
            for (name, lost) in [("x-amzn-trace-id", "lost"), ("accept", "lost")] {
                expected_headers.entry(name.to_owned()).or_insert_with(|| vec![lost.to_owned()]);
            }
        } else {
            event.push(("headers", speller.object(single)));
        }
        let event = format!("{}{}{}", speller.space(), speller.object(event), speller.space());
        let answer = block_on(caller.call_text(&event)).unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer} {event}");
        assert_eq!(SEEN.take(), [json!([context, expected_headers, expected_body])], "{event}");
    });
}

#[test]
fn messages_of_any_spelling_are_handled_and_reported_by_their_ids() {
    async fn take(message: Sqs<Value>) -> Result<(), BoxError> {
        let fails = message.body["fails"] == true;
        see(message.body);
        if fails { Err("failed".into()) } else { Ok(()) }
    }
    let caller = Caller::new(pilaster::handler(take).concurrency(1)).without_logs();
    // An id with U+FFFD could be one that was replaced.
    let id = text(12).prop_map(|id| id.replace('\u{fffd}', ""));
    let message = (id, json_value(), 0..4_u8);
    holds((any::<u64>(), vec(message, 1..8), any::<bool>()), |(seed, messages, is_fifo)| {
        let mut speller = Speller(Random::seeded(seed));
        let arn = if is_fifo { "arn:aws:sqs:eu-central-1:1:a.fifo" } else { "arn:aws:sqs:eu-central-1:1:a" };
        let (mut records, mut handled, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let mut stopped = std::collections::BTreeSet::new();
        for (at, (id, value, kind)) in messages.into_iter().enumerate() {
            let (id, lane) = (format!("{id}{at}"), format!("\"{}", at % 3));
            let (fails, is_broken) = (kind == 1, kind == 2);
            let body = json!({ "value": value, "fails": fails });
            let text = speller.value(&body);
            let mut spelled = speller.string(&text);
            if is_broken {
                // A lone surrogate, for which the text of all records is read from a copy.
                spelled = spelled.replacen('"', r#""\uD83D"#, 1);
            }
            let record = vec![
                ("messageId", speller.string(&id)),
                ("body", spelled),
                ("eventSource", speller.string("aws:sqs")),
                ("eventSourceARN", speller.string(arn)),
                ("attributes", speller.value(&json!({ "MessageGroupId": lane, "ApproximateReceiveCount": "1" }))),
            ];
            records.push(speller.object(record));
            let is_behind = is_fifo && stopped.contains(&lane);
            if !is_broken && !is_behind {
                handled.push(body);
            }
            if fails || is_broken || is_behind {
                failed.push(json!({ "itemIdentifier": id }));
                stopped.insert(lane);
            }
        }
        let records = speller.list('[', records, ']');
        let event = speller.object(vec![("Records", records), ("other", "[1]".to_owned())]);
        let answer = block_on(caller.call_text(&event)).unwrap();
        assert_eq!(SEEN.take(), handled, "{event}");
        assert_eq!(answer["batchItemFailures"], json!(failed), "{event}");
    });
}
