//! The page on log keys has a row for each key that the sources write to a line or to a metric's object, and no other.

use std::collections::{BTreeMap, BTreeSet};

use super::page::Page;
use super::sentences::literals::{Source, sources};
use super::sentences::rows::{Row, rows};

const METRICS: &str = "Metrics";

/// The folders of the log and of the metrics.
const LOGGING: &str = "sdk/src/observe/logging/";
const EMF: [&str; 2] = ["sdk/src/observe/metrics/emf.rs", "sdk/src/observe/metrics/built_in.rs"];

/// The files that write the keys of a line as parts of JSON; `error_keys.rs` writes members of objects so.
const WRITERS: [&str; 3] = ["line.rs", "invocation_context.rs", "truncate.rs"];

/// The functions whose argument is a key.
const PUTS: [&str; 5] = ["put", "put_failure", "write_key", "push", "write"];

/// The macros whose fields are keys of a line.
const MACROS: [&str; 7] = ["error!", "warn!", "info!", "debug!", "trace!", "error_span!", "info_span!"];

fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The keys of a part of JSON: each text in quotes before a colon.
fn members(json: &str) -> Vec<String> {
    let keys = json.match_indices("\":").filter_map(|(end, _)| json[..end].rsplit('"').next());
    keys.filter(|key| is_key(key)).map(str::to_owned).collect()
}

/// The keys that the log itself writes.
fn of_the_log(source: &Source) -> Vec<String> {
    let file = source.file.strip_prefix(LOGGING).unwrap_or_default();
    let mut keys = Vec::new();
    for literal in &source.literals {
        let is_put = PUTS.contains(&literal.last_call()) || file == "reserved.rs";
        // A field with the name of a reserved key gets an underscore; a name in upper case is a value.
        let is_written = is_key(&literal.text) && !literal.text.ends_with('_') && !literal.is_in_attribute();
        if is_put && is_written && !literal.text.starts_with(|c: char| c.is_ascii_uppercase()) {
            keys.push(literal.text.clone());
        } else if WRITERS.contains(&file) {
            keys.extend(members(&literal.text));
        } else if let Some(rest) = literal.text.strip_prefix("{field}") {
            // Beside the error of a line, whose field is `error`.
            keys.push(format!("error{rest}"));
        }
    }
    keys
}

/// The names of the fields of all events and spans of a source.
fn fields(code: &str) -> Vec<String> {
    let mut fields = Vec::new();
    for name in MACROS {
        let start = format!("tracing::{name}(");
        for (at, _) in code.match_indices(&start) {
            let arguments = arguments(&code[at + start.len()..]);
            // The fields of these spans are for other subscribers than the log.
            if arguments.iter().any(|argument| argument.starts_with("target:")) {
                continue;
            }
            let is_span = name.ends_with("span!");
            let before_the_message = arguments
                .iter()
                .enumerate()
                .take_while(|(at, argument)| (is_span && *at == 0) || !argument.starts_with('"'));
            for (_, argument) in before_the_message {
                let key = argument.trim_start_matches(['%', '?']);
                let key = key.split_once('=').map_or(key, |(key, _)| key).trim();
                if key.split('.').all(is_key) {
                    fields.push(key.to_owned());
                }
            }
        }
    }
    fields
}

/// The arguments up to the closing parenthesis.
fn arguments(code: &str) -> Vec<&str> {
    let (mut arguments, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                arguments.push(code[start..at].trim());
                break;
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(code[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments
}

/// The keys of lines, and those of the objects of metrics.
fn written() -> [BTreeSet<String>; 2] {
    let (mut lines, mut metrics) = (BTreeSet::new(), BTreeSet::new());
    for source in sources("sdk/src") {
        lines.extend(fields(&source.code));
        if source.file.starts_with(LOGGING) {
            lines.extend(of_the_log(&source));
        }
        if EMF.contains(&source.file.as_str()) {
            let names = source.literals.iter().filter(|literal| {
                let is_metric = source.file.ends_with("built_in.rs") && !literal.is_in_attribute();
                (is_metric || PUTS.contains(&literal.last_call())) && is_key(&literal.text)
            });
            metrics.extend(names.map(|literal| literal.text.clone()));
            metrics.extend(source.literals.iter().flat_map(|literal| members(&literal.text)));
        }
    }
    // A field of this name becomes `_aws_`, since CloudWatch reads it.
    lines.remove("_aws");
    [lines, metrics]
}

fn documented(is_of_section: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let rows = rows(&Page::read("log-keys"));
    rows.iter().filter(|row| is_of_section(&row.section)).map(Row::name).collect()
}

#[test]
fn every_key_has_a_row_and_no_row_is_stale() {
    let [lines, metrics] = written();
    assert!(lines.len() > 40 && metrics.len() > 10, "{lines:?} {metrics:?}");
    let of_lines = documented(|section| section != METRICS);
    let of_metrics = documented(|section| section == METRICS);
    for (what, written, rows) in [("lines", lines, of_lines), ("metrics", metrics, of_metrics)] {
        let missing: Vec<_> = written.difference(&rows).collect();
        assert!(missing.is_empty(), "log-keys.md has no row for these keys of {what}: {missing:?}");
        let stale: Vec<_> = rows.difference(&written).collect();
        assert!(stale.is_empty(), "no source writes these keys of {what}: {stale:?}");
    }
}

#[test]
fn the_keys_of_lines_that_a_function_writes_have_rows() {
    use pilaster::http::{HttpError, Json};
    use pilaster::observe::logging::{CapturedLogs, LoggingLayer};
    use pilaster::testing::{Caller, http, sqs};
    use pilaster::{Event, FunctionError, Sqs};

    async fn ship(_: Sqs<u32>) -> Result<(), std::io::Error> {
        Err(std::io::Error::other("the warehouse is closed"))
    }
    async fn order(_: Json<BTreeMap<String, u32>>) -> Result<String, HttpError> {
        Err(HttpError::internal(std::io::Error::new(std::io::ErrorKind::TimedOut, std::io::Error::other("no bank"))))
    }
    async fn reserve(_: Event<u32>) -> Result<(), FunctionError> {
        Err(FunctionError::new("OutOfStock", "no umbrella is left"))
    }

    let captured = CapturedLogs::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let layer = || LoggingLayer::new().log_event(true).log_response(true);
        let api = Caller::new(pilaster::handler(order).outer(layer())).with_logs(&captured);
        api.send(http::post("/orders").json(serde_json::json!({ "tea": 1 }))).await.unwrap();
        api.send(http::post("/orders").json(serde_json::json!({ "tea": "a" }))).await.unwrap();
        let worker = Caller::new(pilaster::handler(ship).outer(layer())).with_logs(&captured);
        worker.call(sqs(["1", "a"])).await.unwrap();
        let task = Caller::new(pilaster::handler(reserve)).with_logs(&captured);
        task.call(serde_json::json!(1)).await.unwrap_err();
    });
    let lines = captured.lines();
    let keys: BTreeSet<String> = lines.iter().flat_map(|line| line.as_object().unwrap().keys().cloned()).collect();
    for expected in ["error_chain", "fields", "receive_count", "event", "response", "function_arn"] {
        assert!(keys.contains(expected), "{expected}: {keys:?}");
    }
    let missing: Vec<_> = keys.difference(&documented(|section| section != METRICS)).cloned().collect();
    assert!(missing.is_empty(), "log-keys.md has no row for {missing:?}");
}

#[test]
fn the_fields_of_a_macro_are_its_keys() {
    let code = "tracing::warn!(%to, key = f(a, b), reason, \"\", other); tracing::error_span!(\"\", id = 7); tracing::info!(target: T, x, \"\");";
    assert_eq!(fields(code), ["to", "key", "reason", "id"]);
    assert_eq!(members(",\"Name\":[{\"Unit\":\""), ["Name", "Unit"]);
}
