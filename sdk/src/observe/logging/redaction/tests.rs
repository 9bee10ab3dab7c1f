//! Tests of what is left out of an event.

use super::*;

fn redacted(paths: &[&str], mask: Option<&str>, json: &str) -> String {
    let mut redaction = Redaction::default();
    paths.iter().for_each(|path| redaction.omit(path));
    assert_eq!(redaction.mistake(), None);
    redaction.mask = mask.map(str::to_owned);
    redaction.of_event(&RawValue::from_string(json.to_owned()).unwrap()).get().to_owned()
}

#[test]
fn what_a_path_leads_to_is_left_out_and_all_else_stays_as_it_was_written() {
    let json = r#"{"z":{"b":1.10,"c":123456789012345678901234567890},"a":[ 1 , {"b":2}]}"#;
    assert_eq!(
        redacted(&["event.z.b"], None, json),
        r#"{"z":{"c":123456789012345678901234567890},"a":[ 1 , {"b":2}]}"#
    );
    assert_eq!(redacted(&["event.a.[].b", "event.z"], None, json), r#"{"a":[1,{}]}"#);
    assert_eq!(redacted(&["event.a[].b", "event.z"], None, json), r#"{"a":[1,{}]}"#);
    assert_eq!(redacted(&["event.*.b", "event.z.c"], None, json), r#"{"z":{},"a":[1,{}]}"#);
    assert_eq!(redacted(&["event.a.*", "event.z.nowhere.else"], Some("*"), r#"{"a":[1,[2]]}"#), r#"{"a":["*","*"]}"#);
    assert_eq!(redacted(&["event.a.1"], None, r#"{"a":[1,2,3]}"#), r#"{"a":[1,3]}"#);
}

#[test]
fn a_name_with_a_dot_stands_in_quotes_and_an_escaped_name_is_the_same_name() {
    assert_eq!(
        redacted(&[r#"event.claims."https://x.y/email""#], None, r#"{"claims":{"https://x.y/email":1}}"#),
        r#"{"claims":{}}"#
    );
    assert_eq!(redacted(&["event.secret"], None, r#"{"\u0073ecret":1,"secret":2}"#), "{}");
}

#[test]
fn a_text_that_is_json_is_read_and_any_other_text_is_left_out_as_a_whole() {
    let event = r#"{"body":"{\"password\":\"p\",\"user\":\"u\"}","other":"plain","empty":""}"#;
    let paths = ["event.body.password", "event.other.password", "event.empty.password"];
    let line = redacted(&paths, Some("***"), event);
    assert_eq!(line, r#"{"body":"{\"password\":\"***\",\"user\":\"u\"}","other":"***","empty":""}"#);
    assert_eq!(redacted(&paths, None, event), r#"{"body":"{\"user\":\"u\"}","empty":""}"#);
}

#[test]
fn a_text_that_only_looks_like_json_or_is_encoded_is_left_out_as_a_whole() {
    for body in [
        r#"{"password":"hunter2",}"#,
        r#"{'password':'hunter2'}"#,
        r#"{"password":"hunter2"} trailing"#,
        r#"{"password":"hunter2""#,
        r#"{"\ud800":1,"password":"hunter2"}"#,
        "password=hunter2&user=u",
        "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--x--",
        "<password>hunter2</password>",
        "eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==",
        "hunter2",
        "123456",
    ] {
        let event = serde_json::json!({"body": body}).to_string();
        assert_eq!(redacted(&["event.body.password"], Some("***"), &event), r#"{"body":"***"}"#, "{body}");
        assert_eq!(redacted(&["event.body.password"], None, &event), "{}", "{body}");
    }
}

#[test]
fn json_behind_a_byte_order_mark_within_json_and_in_a_list_is_read() {
    let json = r#"{"password":"hunter2","user":"u"}"#;
    for body in [
        format!("\u{feff}{json}"),
        serde_json::json!(json).to_string(),
        serde_json::json!(serde_json::json!(json).to_string()).to_string(),
        format!("[{json}]"),
        serde_json::json!([json, [json]]).to_string(),
    ] {
        let event = serde_json::json!({"body": body}).to_string();
        let line = redacted(&["event.body.password"], None, &event);
        assert!(!line.contains("hunter2") && line.contains("user"), "{line}");
    }
}

#[test]
fn a_header_has_no_letter_case_and_stands_in_both_maps_and_among_the_cookies() {
    let event = r#"{"headers":{"Authorization":"s","COOKIE":"s","x":"1"},"multiValueHeaders":{"authorization":["s"],"x":["1"]},
        "cookies":["s"],"authorizationToken":"s","identitySource":["s"],"requestContext":{"identity":{"apiKey":"k"}}}"#;
    for paths in [
        &["event.headers.authorization", "event.headers.cookie"],
        &["event.multiValueHeaders.AUTHORIZATION", "event.cookies"],
    ] {
        let line = redacted(paths, None, event);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let kept = serde_json::json!({
            "headers": {"x": "1"}, "multiValueHeaders": {"x": ["1"]}, "requestContext": {"identity": {"apiKey": "k"}},
        });
        assert_eq!(line, kept, "{paths:?}");
    }
    assert_eq!(redacted(&["event.headers"], None, event), r#"{"requestContext":{"identity":{}}}"#);
    let key = r#"{"headers":{"X-API-Key":"k"},"requestContext":{"identity":{"apiKey":"k"}}}"#;
    for path in ["event.headers.x-api-key", "event.requestContext.identity.apiKey"] {
        assert_eq!(redacted(&[path], None, key), r#"{"headers":{},"requestContext":{"identity":{}}}"#);
    }
    let kafka = r#"{"records":{"t-0":[{"headers":[{"Token":[104]},{"x":[1]}]}]}}"#;
    assert_eq!(
        redacted(&["event.records.*.[].headers.token"], None, kafka),
        r#"{"records":{"t-0":[{"headers":[{},{"x":[1]}]}]}}"#
    );
}

#[test]
fn a_parameter_of_a_query_is_left_out_in_every_form_that_the_query_has() {
    let event = r#"{"queryStringParameters":{"to%6ben":"s","a":"1"},"multiValueQueryStringParameters":{"token":["s"]},
        "rawQueryString":"a=1&token=s&to%6Ben=s&b","raw_path":"/p?token=s&a=1"}"#;
    let line = redacted(&["event.queryStringParameters.token"], Some("***"), event);
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let kept = serde_json::json!({
        "queryStringParameters": {"to%6ben": "***", "a": "1"}, "multiValueQueryStringParameters": {"token": "***"},
        "rawQueryString": "a=1&token=***&to%6Ben=***&b", "raw_path": "/p?token=***&a=1",
    });
    assert_eq!(line, kept);
    let none = redacted(&["event.rawQueryString"], None, event);
    assert_eq!(none, r#"{"raw_path":"/p?"}"#);
}

#[test]
fn lists_that_contain_each_other_without_end_are_left_out_as_a_whole() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for (path, json) in
        [("event.a.secret", deep.clone()), ("event.b.a.secret", serde_json::json!({"b": deep}).to_string())]
    {
        let line = redacted(&[path], Some("***"), &json);
        assert!(line.contains("***") && line.len() < 100, "{path}: {} bytes", line.len());
    }
    let body = format!("{}{{\"password\":\"hunter2\"}}{}", "[".repeat(200), "]".repeat(200));
    let line = redacted(&["event.body.password"], None, &serde_json::json!({"body": body}).to_string());
    assert!(!line.contains("hunter2"), "{line}");
}

#[test]
fn an_object_that_cannot_be_read_is_not_logged() {
    let unpaired = r#"{"\ud800":1,"secret":2}"#;
    assert_eq!(redacted(&["event.secret"], None, unpaired), "null");
    assert_eq!(redacted(&["event.secret"], Some("***"), unpaired), r#""***""#);
}

#[test]
fn a_text_that_is_not_a_path_is_a_mistake() {
    for path in [
        "",
        "event",
        "headers.authorization",
        "event.",
        ".event",
        "event..a",
        "event.a[",
        "event.\"a",
        "[].a",
        "event.a[0]",
    ] {
        let mut redaction = Redaction::default();
        redaction.omit(path);
        assert_eq!(redaction.mistake(), Some(path), "{path}");
    }
}
