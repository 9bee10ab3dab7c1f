use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::time::{Instant, advance, sleep};

use super::*;

mod conditions;
mod outages;

const SECOND: Duration = Duration::from_secs(1);

/// A document that can be exchanged, hang, or be away; each fetch takes 100 ms.
#[derive(Clone, Default)]
struct Stub {
    text: Arc<Mutex<Option<String>>>,
    hangs: Arc<Mutex<bool>>,
    fetches: Arc<AtomicUsize>,
}

impl Stub {
    fn with(document: Value) -> Self {
        let stub = Self::default();
        stub.put(&document.to_string());
        stub
    }

    fn put(&self, text: &str) {
        *self.text.lock().unwrap() = Some(text.to_owned());
    }

    fn down(&self) {
        *self.text.lock().unwrap() = None;
    }

    fn fetches(&self) -> usize {
        self.fetches.swap(0, Ordering::SeqCst)
    }

    fn flags(&self) -> Flags {
        Flags::new(self.clone(), "features")
    }
}

impl ParameterSource for Stub {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        if *self.hangs.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        sleep(SECOND / 10).await;
        let text = self.text.lock().unwrap().clone();
        Ok(ParameterValue::from_bytes(id, text.ok_or("AppConfig is away")?))
    }
}

/// A document with one boolean feature `f`, off, and one rule with this condition.
fn with_condition(action: &str, key: &str, value: Value) -> Value {
    json!({ "f": { "default": false, "rules": { "r": {
        "when_match": true,
        "conditions": [{ "action": action, "key": key, "value": value }],
    } } } })
}

#[test]
fn the_first_rule_of_the_document_wins_whatever_its_name() {
    let rule = |when_match, value| json!({ "when_match": when_match, "conditions": [{ "action": "EQUALS", "key": "k", "value": value }] });
    let text = format!(
        r#"{{ "x": {{ "z": {{ "default": 0, "boolean_type": false, "rules": {{ "b": {}, "a": {}, "0": {} }} }}, "y": {{ "default": true }} }} }}"#,
        rule(1, "other"),
        rule(2, "k"),
        rule(3, "k"),
    );
    let envelope = jmespath::compile("x").unwrap();
    let document = Document::read(text.as_bytes(), Some(&envelope)).unwrap();
    let context = json!({ "k": "k" });
    assert_eq!(document.evaluate("z", &context, SystemTime::now()), Some(&json!(2)));
    assert_eq!(document.enabled(&context, SystemTime::now()).collect::<Vec<_>>(), ["z", "y"]);
}

#[test]
fn a_document_may_be_text_within_another_and_keeps_its_order() {
    let rule = |when_match: u32| json!({ "when_match": when_match, "conditions": [{ "action": "EQUALS", "key": "k", "value": "k" }] });
    let inner = format!(
        r#"{{ "z": {{ "default": 0, "boolean_type": false, "rules": {{ "b": {}, "a": {} }} }} }}"#,
        rule(1),
        rule(2)
    );
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &inner);
    for (outer, expression) in [
        (json!({ "features": inner }), "powertools_json(features)"),
        (json!({ "features": base64 }), "powertools_json(powertools_base64(features))"),
    ] {
        let envelope = ordered::RUNTIME.compile(expression).unwrap();
        let document = Document::read(outer.to_string().as_bytes(), Some(&envelope)).unwrap();
        let value = document.evaluate("z", &json!({ "k": "k" }), SystemTime::now()).unwrap();
        assert_eq!(value, &json!(1), "{expression}");
    }
    let envelope = ordered::RUNTIME.compile("powertools_json(features)").unwrap();
    let error = Document::read(br#"{"features": "{hunter2"}"#, Some(&envelope)).unwrap_err().to_string();
    assert!(error.contains("powertools_json: not JSON at line 1") && !error.contains("hunter2"), "{error}");
    let _ = Flags::new(Stub::default(), "flags").envelope("powertools_json(features)");
}

#[test]
fn each_mistake_of_a_document_is_a_sentence_with_its_place() {
    let condition = |action: &str, key: &str, value| with_condition(action, key, value).to_string();
    for (text, said) in [
        ("[]".to_owned(), "features must be an object"),
        ("{".to_owned(), "it is not JSON: line 1, column 1"),
        (r#"{"f": 1}"#.to_owned(), "feature `f` must be an object"),
        (r#"{"f": {}}"#.to_owned(), "feature `f` must have a boolean `default`"),
        (r#"{"f": {"boolean_type": false}}"#.to_owned(), "feature `f` must have a `default` that is not null"),
        (r#"{"f": {"default": true, "rules": [1]}}"#.to_owned(), "feature `f` must have `rules` that are an object"),
        (
            r#"{"f": {"default": true, "rules": {"r": {"when_match": 1, "conditions": []}}}}"#.to_owned(),
            "feature `f`, rule `r` must have a boolean `when_match`, like the feature; feature `f`, rule `r` must have `conditions`",
        ),
        (
            condition("IS", "k", json!(1)),
            "feature `f`, rule `r` condition 1 has an unknown `action`; it must be one of EQUALS",
        ),
        (condition("EQUALS", "", json!(1)), "must have a `key` that is a non-empty string"),
        (condition("EQUALS", "k", json!(null)), "must have a `value` that is not null"),
        (condition("ANY_IN_VALUE", "k", json!("a")), "must have a `value` that is a list, as `ANY_IN_VALUE` requires"),
        (
            condition("MODULO_RANGE", "k", json!({ "BASE": 10, "START": 0, "END": 10 })),
            "must have 0 <= START <= END <= BASE - 1",
        ),
        (condition("MODULO_RANGE", "k", json!({ "BASE": 10 })), "with the integers `BASE`, `START` and `END`"),
        (
            condition("SCHEDULE_BETWEEN_TIME_RANGE", "NOW", json!({ "START": "09:00", "END": "17:00" })),
            "must have the `key` `CURRENT_TIME`, as `SCHEDULE_BETWEEN_TIME_RANGE` requires",
        ),
        (
            condition("SCHEDULE_BETWEEN_TIME_RANGE", "CURRENT_TIME", json!({ "START": "9:00", "END": "17:00" })),
            "must have a `START` of the form `09:30`",
        ),
        (
            condition(
                "SCHEDULE_BETWEEN_TIME_RANGE",
                "CURRENT_TIME",
                json!({ "START": "09:00", "END": "17:00", "TIMEZONE": "Mars/Olympus" }),
            ),
            "must have a `TIMEZONE` such as",
        ),
        (
            condition(
                "SCHEDULE_BETWEEN_DATETIME_RANGE",
                "CURRENT_DATETIME",
                json!({ "START": "2026-12-24T18:00:00Z", "END": "2026-12-25" }),
            ),
            "must have a `START` without a zone",
        ),
        (
            condition("SCHEDULE_BETWEEN_DAYS_OF_WEEK", "CURRENT_DAY_OF_WEEK", json!({ "DAYS": ["Monday"] })),
            "must have days such as `MONDAY`",
        ),
    ] {
        let error = text.parse::<Document>().unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flag_is_typed_and_its_default_stands_in_for_what_is_not_there_or_of_another_type() {
    let stub = Stub::with(json!({
        "discount": { "default": 0.25, "boolean_type": false },
        "on": { "default": true },
    }));
    let flags = stub.flags();
    assert_eq!(flags.evaluate("discount", &json!({}), 0.0).await, 0.25);
    assert!(flags.evaluate("on", &(), false).await);
    assert!(!flags.evaluate("nowhere", &(), false).await);
    assert_eq!(flags.evaluate("on", &(), "text".to_owned()).await, "text");
    assert_eq!(flags.try_evaluate::<bool>("nowhere", &()).await.unwrap(), None);
    assert!(flags.try_evaluate::<u8>("on", &()).await.unwrap_err().is_wrong_type());
    assert!(flags.try_evaluate::<bool>("on", &"no object").await.is_err());
    assert_eq!(flags.enabled_features(&()).await, ["discount", "on"]);
    assert_eq!(stub.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bad_document_leaves_the_last_good_one_in_use() {
    let stub = Stub::with(json!({ "f": { "default": true } }));
    let flags = stub.flags();
    assert!(flags.evaluate("f", &(), false).await);
    stub.put(r#"{"f": {"default": "no"}}"#);
    advance(SECOND * 60).await;
    assert!(flags.evaluate("f", &(), false).await);
    stub.put(r#"{"f": {"default": false}}"#);
    advance(SECOND * 60).await;
    assert!(!flags.evaluate("f", &(), true).await);
}

#[tokio::test(start_paused = true)]
async fn a_bad_document_from_the_start_is_told_by_the_error() {
    let stub = Stub::with(json!({ "f": { "default": "no" } }));
    let error = stub.flags().try_evaluate::<bool>("f", &()).await.unwrap_err();
    assert!(error.is_unavailable());
    assert_eq!(error.schema().unwrap().problems().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_envelope_and_the_clock_are_those_that_are_set() {
    let stub = Stub::with(json!({ "app": { "flags": with_condition(
        "SCHEDULE_BETWEEN_DAYS_OF_WEEK",
        "CURRENT_DAY_OF_WEEK",
        json!({ "DAYS": ["MONDAY"] }),
    ) } }));
    let monday = || humantime::parse_rfc3339("2026-11-23T10:00:00Z").unwrap();
    let flags = stub.flags().envelope("app.flags").clock(monday);
    assert!(flags.evaluate("f", &(), false).await);
    let lost = stub.flags().envelope("nowhere");
    let error = lost.try_evaluate::<bool>("f", &()).await.unwrap_err();
    assert_eq!(error.schema().unwrap().to_string(), "features must be an object; change the envelope `nowhere`");
}

#[test]
#[should_panic(expected = "the envelope `a..b` of the feature flags is not a JMESPath expression")]
fn an_envelope_that_is_no_jmespath_is_a_mistake_at_the_start() {
    let _ = Stub::default().flags().envelope("a..b");
}

#[test]
fn a_name_that_begins_with_a_zero_is_a_name_like_any_other() {
    let text = r#"{"\u0000": {"default": true}, "b": {"default": false}, "\u0000\u0000a": {"default": {"\u0000": {"\u0000x": 1}}, "boolean_type": false}}"#;
    let wrapped = format!(r#"{{"features": {text}, "\u0000": 1}}"#);
    let envelope = ordered::RUNTIME.compile("features").unwrap();
    for document in [text.parse().unwrap(), Document::read(wrapped.as_bytes(), Some(&envelope)).unwrap()] {
        let value = |name: &str| document.evaluate(name, &json!({}), SystemTime::now()).cloned();
        assert_eq!(value("\0"), Some(json!(true)));
        assert_eq!(value("b"), Some(json!(false)));
        assert_eq!(value("\0\0a"), Some(json!({ "\0": { "\0x": 1 } })));
        assert_eq!(document.enabled(&json!({}), SystemTime::now()).collect::<Vec<_>>(), ["\0", "\0\0a"]);
    }
}

#[test]
fn a_schema_error_does_not_repeat_the_zone() {
    let zone = json!({ "DAYS": ["MONDAY"], "TIMEZONE": "hunter2" });
    let condition = json!({ "action": "SCHEDULE_BETWEEN_DAYS_OF_WEEK", "key": "CURRENT_DAY_OF_WEEK", "value": zone });
    let rules = json!({ "r": { "when_match": true, "conditions": [condition] } });
    let error = json!({ "a": { "default": false, "rules": rules } }).to_string().parse::<Document>().unwrap_err();
    assert!(error.to_string().contains("`TIMEZONE`") && !format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_names_of_callers_are_not_kept_without_bound() {
    let flags = Flags::new(Stub::with(json!({ "a": { "default": true } })), "features");
    for n in 0..MOST_NAMED * 2 {
        assert!(flags.evaluate(&n.to_string(), &"no object", true).await);
    }
    assert_eq!(flags.state().named.len(), MOST_NAMED);
}
