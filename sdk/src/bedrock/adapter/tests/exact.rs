//! No text is read as another value: it is the value that was meant, or a `REPROMPT`.

use proptest::prelude::*;
use tokio::time::Instant;

use super::super::{BedrockAdapter, Settings, erased};
use super::*;
use crate::core::error::NamedErrors;
use crate::tools::service::{LayeredTools, ToolService};

#[derive(Debug, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Row {
    id: i64,
    note: Option<String>,
    #[serde(default)]
    tags: Vec<Option<String>>,
    #[serde(default)]
    with: Vec<Inner>,
    yes: Option<bool>,
}

#[derive(Debug, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Inner {
    a: String,
    b: Option<String>,
}

#[derive(Debug, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Rows {
    rows: Option<Vec<Row>>,
    words: Option<Vec<String>>,
    options: Option<Vec<Option<String>>>,
    nested: Option<Vec<Vec<String>>>,
}

impl Tool for Rows {
    const DEFINITION: Definition = Definition::new("rows", "A tool.");
}

async fn rows(Input(rows): Input<Rows>) -> String {
    serde_json::to_string(&rows).unwrap()
}

thread_local! {
    /// The service of the tool, for thousands of calls.
    static ROWS: BedrockAdapter = {
        let tools = Tools::new().add(rows);
        let layered = LayeredTools::new(tools.clone(), ToolService(tools), &NamedErrors::default());
        BedrockAdapter::new(Some(layered), None, Settings::default())
    };
}

/// Returns the value of a parameter, or the message of the `REPROMPT`.
async fn read(name: &str, text: &str) -> Result<Value, String> {
    let event = RawEvent::parse(event("rows", &[(name, text)]).to_string()).unwrap();
    let incoming = Incoming { event, invocation: Invocation::new(Context::default()) };
    let answer = ROWS.with(Clone::clone).answer_until(incoming, None).await.unwrap();
    let answer = serde_json::from_str(answer.as_json().unwrap().get()).unwrap();
    match result(&answer) {
        (None, body) => Ok(serde_json::from_str::<Value>(body).unwrap()[name].take()),
        (Some(state), body) => {
            assert_eq!(state, "REPROMPT", "{text}");
            Err(body.strip_prefix("invalid arguments: ").unwrap().to_owned())
        }
    }
}

#[tokio::test]
async fn null_and_quotes_of_java_are_no_text() {
    let row = |note: Value, yes: Value| json!([{ "id": 1, "note": note, "tags": [], "with": [], "yes": yes }]);
    for (name, text, expected) in [
        ("rows", "[{id=1, note=null, yes=null}]", row(Value::Null, Value::Null)),
        ("rows", "[{id=1, note=null, tags=null, with=null, yes=true}]", row(Value::Null, json!(true))),
        ("rows", "[{id=1, note=nullable}]", row(json!("nullable"), Value::Null)),
        ("options", "[a, null]", json!(["a", null])),
        ("options", "[null, null]", json!([null, null])),
        ("options", r#"["null", null]"#, json!(["null", null])),
        ("words", "[O'Neil, it's]", json!(["O'Neil", "it's"])),
        ("words", r#"[say "a", b]"#, json!([r#"say "a""#, "b"])),
    ] {
        assert_eq!(read(name, text).await, Ok(expected), "{text}");
    }
    let (words, members) = (r#"["a", "b"]"#, "with the members `id`, `note`, `tags`, `with`, `yes`");
    let words = format!("/words: expected a list, such as {words}");
    let rows = format!("/rows: expected a list of JSON objects {members}");
    for (name, text, expected) in [
        ("rows", "[{id=null}]", &*rows),
        ("rows", "[{id=1, note='x'}]", &rows),
        ("rows", "[{id=1, note=\"x\"}]", &rows),
        ("rows", "[{id=1, with=[{a=null}]}]", &rows),
        ("rows", "[{id=1, tags=x}]", &rows),
        ("words", "[a, null]", &words),
        ("words", "['a, b', c]", &words),
        ("words", r#"[say "a, b", c]"#, &words),
        ("words", "[a,b]", &words),
        ("words", "[{a=b}]", &words),
        ("words", "[[a]]", &words),
    ] {
        assert_eq!(read(name, text).await, Err(expected.to_owned()), "{text}");
    }
}

#[tokio::test]
async fn a_member_that_is_sent_twice_is_reprompted_with_its_path() {
    for (text, at) in [
        (r#"[{"id":1,"id":1}]"#, "/rows/0/id"),
        (r#"[{"id":1},{"id":1,"with":[{"a":"b","a":"c"}]}]"#, "/rows/1/with/0/a"),
        (r#"[{"id":1,"other":[{"x":1,"x":2}]}]"#, "/rows/0/other/0/x"),
    ] {
        assert_eq!(read("rows", text).await, Err(format!("{at}: the member is sent twice")), "{text}");
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code)]
struct Needs {
    name: String,
    note: Option<String>,
    count: Option<i64>,
}

impl Tool for Needs {
    const DEFINITION: Definition = Definition::new("needs", "A tool.");
}

#[tokio::test]
async fn a_parameter_without_a_value_is_absent() {
    let tools = || Tools::new().add(async |Input(needs): Input<Needs>| format!("{needs:?}")).for_bedrock();
    for without in [json!({ "type": "string", "value": null }), json!({ "type": "string" })] {
        let of = |name: &str| {
            let mut parameter = without.clone();
            parameter["name"] = name.into();
            parameter
        };
        let mut event = event("needs", &[("name", "a")]);
        event["parameters"].as_array_mut().unwrap().extend([of("note"), of("count"), of("name")]);
        let answer = call(tools(), &event).await.unwrap();
        assert_eq!(result(&answer), (None, r#"Needs { name: "a", note: None, count: None }"#));
        event["parameters"] = json!([of("name")]);
        let answer = call(tools(), &event).await.unwrap();
        assert_eq!(result(&answer), (Some("REPROMPT"), "invalid arguments: /name: is missing"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_late_after_its_arguments_are_converted_is_not_made() {
    let adapter = || {
        let router = axum::Router::new().route("/route", axum::routing::get(async || "called"));
        let tools = Tools::new().add(async |Input(Nothing {}): Input<Nothing>| "called");
        let layered = LayeredTools::new(tools.clone(), ToolService(tools), &NamedErrors::default());
        BedrockAdapter::new(Some(layered), Some(erased(router)), Settings::default())
    };
    let api = json!({ "apiPath": "/route", "httpMethod": "GET" });
    for (end, state, status) in [(0, Some("FAILURE"), 504), (1, None, 200)] {
        let end = Some((Instant::now() + Duration::from_secs(end), Duration::from_secs(3)));
        let answer = async |event: &Value| {
            let invocation = Invocation::with_time_left(Context::default(), Some(Duration::from_secs(3)));
            let incoming = Incoming { event: RawEvent::parse(event.to_string()).unwrap(), invocation };
            let answer = adapter().answer_until(incoming, end).await.unwrap();
            serde_json::from_str::<Value>(answer.as_json().unwrap().get()).unwrap()
        };
        let function = answer(&event("nothing", &[])).await;
        assert_eq!((result(&function).0, result(&function).1 == "called"), (state, state.is_none()));
        assert_eq!(answer(&api).await["response"]["httpStatusCode"], status);
    }
}

/// Writes a value as Java does. A member that is null is left out, or written as `null`.
fn java(value: &Value, leaves_out: bool) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| java(item, leaves_out)).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !(leaves_out && value.is_null()));
            let members = members.map(|(name, value)| format!("{name}={}", java(value, leaves_out)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Returns `true` for a value whose text is also that of another one: it has a text with `, `, the text `null`, or a list
/// with one empty text.
fn has_another(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(", ") || text == "null",
        Value::Array(items) => items.len() == 1 && items[0] == "" || items.iter().any(has_another),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains(", ") || has_another(value)),
        _ => false,
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-c]{1,3}( [a-c])?", 2 => "[ab1\"',={}\\[\\] ]{0,4}", 1 => "null|true|FALSE|1|-2.5|1e3|, |a, b|b, id=2"]
}

fn option<S: Strategy<Value: serde::Serialize>>(values: S) -> impl Strategy<Value = Value> {
    prop::option::of(values).prop_map(|value| json!(value))
}

/// A parameter and its value.
fn values() -> impl Strategy<Value = (&'static str, Value)> {
    let list = || prop::collection::vec(text(), 0..4);
    let options = || prop::collection::vec(prop::option::of(text()), 0..4);
    let inner = (text(), option(text())).prop_map(|(a, b)| json!({ "a": a, "b": b }));
    let with = prop::collection::vec(inner, 0..3);
    let row = (-3..20_i64, option(text()), options(), with, option(any::<bool>()));
    let row = row.prop_map(
        |(id, note, tags, with, yes)| json!({ "id": id, "note": note, "tags": tags, "with": with, "yes": yes }),
    );
    prop_oneof![
        4 => prop::collection::vec(row, 0..3).prop_map(|rows| ("rows", json!(rows))),
        2 => list().prop_map(|words| ("words", json!(words))),
        2 => options().prop_map(|options| ("options", json!(options))),
        1 => prop::collection::vec(list(), 0..3).prop_map(|nested| ("nested", json!(nested))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn what_java_writes_is_read_as_that_value_or_reprompted((name, value) in values(), leaves_out: bool) {
        let written = java(&value, leaves_out);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        // A text that is JSON is JSON.
        let is_json = serde_json::from_str::<Value>(&written).is_ok();
        if let Ok(read) = runtime.block_on(read(name, &written)) && !is_json {
            // The text `null` may be read as a member that is left out.
            if !(leaves_out && written.contains("null")) {
                prop_assert_eq!(java(&read, leaves_out), written.clone());
            }
            prop_assert!(read == value || has_another(&value), "{} is read as {}", written, read);
        }
    }

    #[test]
    fn a_value_of_plain_words_is_read(words in prop::collection::vec("[a-z][a-z0-9.;:()-]{0,5}", 0..4)) {
        let words = words.into_iter().filter(|word| word != "null").collect::<Vec<_>>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let row = json!([{ "id": 7, "note": "a b", "tags": words, "with": [{ "a": "c", "b": null }], "yes": null }]);
        for (name, value) in [("words", json!(words)), ("options", json!(words)), ("rows", row)] {
            prop_assert_eq!(runtime.block_on(read(name, &java(&value, false))), Ok(value));
        }
    }
}
