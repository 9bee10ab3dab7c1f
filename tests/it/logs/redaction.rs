//! A marked secret is put anywhere into an event of any source, in any encoding, and a path is named that leads there: it stands in
//! no line. By random cases, of which `PROPTEST_CASES` says how many and `PROPTEST_RNG_SEED` which ones.
//!
//! The events are those of [`super::events`], not of `pilaster::testing`.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::observe::logging::{CapturedLogs, LoggingLayer};
use pilaster::testing::Caller;
use pilaster::{Event, FunctionError};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};

use super::events::{Asked, HTTP_SOURCES, escaped, http_event, records_event};
use super::find::holds;

/// Choices, by number: each is taken modulo how many there are.
#[derive(Clone, Debug)]
struct Case {
    secret: String,
    source: usize,
    place: usize,
    form: usize,
    spelling: u32,
    with_mask: bool,
}

fn case() -> impl Strategy<Value = Case> {
    ("hunter2[0-9a-z]{8}", any::<u8>(), any::<u8>(), any::<u8>(), any::<u32>(), any::<bool>()).prop_map(
        |(secret, source, place, form, spelling, with_mask)| Case {
            secret,
            source: source.into(),
            place: place.into(),
            form: form.into(),
            spelling,
            with_mask,
        },
    )
}

/// The cases of a run that no variable asks for.
const CASES: u32 = 400;

fn tried(property: impl Fn(Case)) {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(7);
    }
    let tried = TestRunner::new(config).run(&case(), |case| {
        property(case);
        Ok(())
    });
    tried.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Returns the lines of a function that is called with this event, returns it, and logs both.
fn lines(event: &Value, path: &str, with_mask: bool) -> String {
    let mut logging = LoggingLayer::new().log_event(true).log_response(true);
    logging = logging.omit([format!("event{path}"), format!("response{path}")]);
    if with_mask {
        logging = logging.mask("*****");
    }
    let captured = CapturedLogs::default();
    let echo = pilaster::handler(async |Event(event): Event<Value>| Ok::<_, FunctionError>(event)).outer(logging);
    let caller = Caller::new(echo).with_logs(&captured);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(caller.call(event.clone())).unwrap();
    let text = captured.text();
    assert!(text.contains("Lambda invocation event") && text.contains("Lambda invocation response"), "{text}");
    text
}

fn assert_kept_secret(case: &Case, event: &Value, path: &str) -> String {
    assert!(holds(&event.to_string(), &case.secret), "the secret stands in the event: {event}");
    let text = lines(event, path, case.with_mask);
    for line in text.lines() {
        assert!(!holds(line, &case.secret), "`{path}` of {event}: {line}");
    }
    text
}

fn spelled(name: &str, spelling: u32) -> String {
    let letter = |(at, letter): (usize, char)| match spelling >> (at % 32) & 1 {
        0 => letter.to_ascii_lowercase(),
        _ => letter.to_ascii_uppercase(),
    };
    name.chars().enumerate().map(letter).collect()
}

/// Behind and before the secret: what has a meaning in one of the encodings.
fn decorated(case: &Case) -> String {
    let around = ["", "\"", "\\", "é", "%2F", "+", "&a=b", "; b=c", ",", "\u{2028}", "==", "{", "[1]"];
    format!("{}{}{}", around[case.form % around.len()], case.secret, around[case.place % around.len()])
}

#[test]
fn a_header_that_is_left_out_stands_in_no_line() {
    tried(|case| {
        let names = ["Authorization", "X-Api-Key", "X-Custom-Token", "Cookie"];
        let name = names[case.place % names.len()];
        let value = match name {
            "Cookie" => format!("a=1; session={}; b=2", case.secret),
            _ => decorated(&case),
        };
        let headers = vec![("X-Kept".to_owned(), "keptvalue".to_owned()), (spelled(name, case.spelling), value)];
        let event = http_event(case.source, &Asked { headers, query: Vec::new(), body: Value::Null });
        let map = ["headers", "multiValueHeaders"][case.form % 2];
        let mut paths = vec![format!(".{map}.{}", spelled(name, case.spelling.rotate_left(7)))];
        match name {
            "Cookie" => {
                paths.extend([".cookies".to_owned(), ".cookies.[]".to_owned(), format!(".{map}.cookie.session")])
            }
            "X-Api-Key" if case.source % HTTP_SOURCES == 0 => paths.push(".requestContext.identity.apiKey".to_owned()),
            _ => {}
        }
        for path in paths {
            let text = assert_kept_secret(&case, &event, &path);
            // The authorizer's event is left with its headers, at least.
            assert!(text.contains("keptvalue"), "{path} of {event}: {text}");
        }
        for path in [format!(".{map}"), format!(".{map}.*")] {
            assert_kept_secret(&case, &event, &path);
        }
    });
}

#[test]
fn a_parameter_of_a_query_that_is_left_out_stands_in_no_line() {
    tried(|case| {
        let names = ["token", "to ken", "t%6Fken", "tökén", "a.b", "token[]"];
        let name = names[case.place % names.len()];
        let query = vec![("kept".to_owned(), "keptvalue".to_owned()), (name.to_owned(), decorated(&case))];
        let event = http_event(case.source, &Asked { headers: Vec::new(), query, body: Value::Null });
        let maps =
            ["queryStringParameters", "multiValueQueryStringParameters", "query_string_parameters", "rawQueryString"];
        let map = maps[case.form % maps.len()];
        let text = assert_kept_secret(&case, &event, &format!(".{map}.\"{name}\""));
        assert!(text.contains("keptvalue"), "{text}");
        assert_kept_secret(&case, &event, &format!(".{map}"));
        assert_kept_secret(&case, &event, &format!(".{map}.*"));
    });
}

/// A text with the secret at `card.number` in some way, and whether a reader of JSON finds it there.
fn payload(case: &Case) -> (String, bool) {
    let secret = decorated(case);
    let plain = json!({"card": {"number": secret, "holder": "keptvalue"}}).to_string();
    let quoted = json!(secret).to_string();
    let pack = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        STANDARD.encode(encoder.finish().unwrap())
    };
    let forms = [
        (plain.clone(), true),
        (serde_json::to_string_pretty(&serde_json::from_str::<Value>(&plain).unwrap()).unwrap(), true),
        (format!("\u{feff}{plain}"), true),
        (format!(" \n{plain}\t"), true),
        (json!(plain).to_string(), true),
        (json!(json!(plain).to_string()).to_string(), true),
        (format!("[{plain}]"), true),
        (format!(r#"{{"\u0063ard":{{"n\u0075mber":{quoted},"holder":"keptvalue"}}}}"#), true),
        (
            format!(
                r#"{{"card":{{"number":1,"number":{quoted},"holder":"keptvalue"}},"card":{{"number":{quoted},"holder":"keptvalue"}}}}"#
            ),
            true,
        ),
        (format!(r#"{{"card":[{{"number":{quoted},"holder":"keptvalue"}},[{{"number":{quoted}}}]]}}"#), true),
        (format!(r#"{{"card":{{"number":{{"raw":[{quoted}]}},"holder":"keptvalue"}}}}"#), true),
        (json!({"card": json!({"number": secret, "holder": "keptvalue"}).to_string()}).to_string(), true),
        (format!(r#"{{"card":{{"number":{quoted},}}}}"#), false),
        (format!(r#"{{"card":{{"number":{quoted}}}"#), false),
        (format!(r#"{{"card":{{"number":{quoted}}}}} {{"more":1}}"#), false),
        (format!(r#"{{"card":{{"number":{quoted},"\ud800":1}}}}"#), false),
        (format!(r#"{{'card':{{'number':'{}'}}}}"#, case.secret), false),
        (format!("/* */{plain}"), false),
        (format!("{}{plain}{}", "[".repeat(300), "]".repeat(300)), false),
        (format!("{}{plain}{}", r#"{"a":"#.repeat(300), "}".repeat(300)), false),
        (STANDARD.encode(&plain), false),
        (pack(&plain), false),
        (format!("card.number={}&kept=1", escaped(&case.secret)), false),
        (format!("--x\r\nContent-Disposition: form-data; name=\"number\"\r\n\r\n{}\r\n--x--\r\n", case.secret), false),
        (format!("<card><number>{}</number></card>", case.secret), false),
        (case.secret.clone(), false),
        (quoted, false),
        (format!("[{}]", json!(case.secret)), false),
    ];
    forms[case.form % forms.len()].clone()
}

/// Returns whether the path of the model, `card.number`, leads to the secret: not below names that it lacks.
fn is_elsewhere(text: &str) -> bool {
    text.starts_with(r#"{"a":"#)
}

#[test]
fn a_part_of_a_body_that_is_left_out_stands_in_no_line() {
    tried(|case| {
        let (text, is_read) = payload(&case);
        if is_elsewhere(&text) {
            return;
        }
        let (body, is_list) = (json!(text), text.trim_start_matches('\u{feff}').trim().starts_with('['));
        let event =
            http_event(case.source % (HTTP_SOURCES - 1), &Asked { headers: Vec::new(), query: Vec::new(), body });
        let text = assert_kept_secret(&case, &event, ".body.card.number");
        assert!(!is_read || text.contains("keptvalue"), "{text}");
        for path in [".body.card.*", ".body.card", ".body"] {
            assert_kept_secret(&case, &event, path);
        }
        if !is_list {
            assert_kept_secret(&case, &event, ".body.*.number");
        }
    });
}

#[test]
fn a_part_of_a_record_that_is_left_out_stands_in_no_line() {
    tried(|case| {
        let (payload, is_read) = payload(&case);
        if is_elsewhere(&payload) {
            return;
        }
        let (event, at, is_text) = records_event(case.source, &payload);
        let is_list = payload.trim_start_matches('\u{feff}').trim().starts_with('[');
        let text = assert_kept_secret(&case, &event, &format!("{at}.card.number"));
        assert!(!(is_read && is_text) || text.contains("keptvalue"), "{text}");
        for path in [format!("{at}.card.*"), at.to_owned(), at.replace(".[]", "")] {
            assert_kept_secret(&case, &event, &path);
        }
        // Of a list `*` is each item.
        if !is_list {
            assert_kept_secret(&case, &event, &format!("{at}.*.number"));
        }
    });
}

#[test]
fn a_header_of_kafka_that_is_left_out_stands_in_no_line() {
    let bytes = |text: &str| text.bytes().map(i64::from).collect::<Vec<_>>();
    let event = json!({"eventSource": "aws:kafka", "records": {"orders-0": [
        {"headers": [{"Authorization": bytes("hunter2")}, {"kept": bytes("kept")}]},
    ]}});
    for path in [".records.*.[].headers.authorization", ".records.*.[].headers.[].AUTHORIZATION"] {
        let text = lines(&event, path, false);
        assert!(!text.contains("104,117,110") && text.contains("107,101,112,116"), "{text}");
    }
}
