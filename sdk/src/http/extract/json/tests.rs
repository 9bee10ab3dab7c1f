use super::*;
use crate::http::extract::context::EventPath;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Order {
    items: Vec<Item>,
    #[serde(default)]
    color: Option<Color>,
}
#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Item {
    amount: u8,
}
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
}

fn rejected(body: &str) -> (u16, String, String) {
    let rejection = Json::<Order>::from_bytes(body.as_bytes()).unwrap_err();
    let field = rejection.fields().first().cloned().unwrap_or_else(|| FieldError::new("", ""));
    (rejection.status().as_u16(), field.pointer().to_owned(), field.detail().to_owned())
}

fn rejects(body: &str, pointer: &str, detail: &str) {
    assert_eq!(rejected(body), (422, pointer.to_owned(), detail.to_owned()));
}

#[tokio::test]
async fn an_optional_body_is_absent_where_a_web_socket_sent_an_empty_message() {
    for (kind, body, there) in [
        (EventKind::WebSocket, "", Some(false)),
        (EventKind::WebSocket, "1", Some(true)),
        (EventKind::HttpApi, "", None),
    ] {
        let mut request = Request::new(Body::from(body));
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(EventParts {
            kind,
            context: None,
            stage_variables: Vec::new(),
            path: EventPath::default(),
        });
        let found = <Json<u8> as OptionalFromRequest<()>>::from_request(request, &()).await;
        assert_eq!(found.ok().map(|found| found.is_some()), there, "{kind:?} {body}");
    }
}

#[test]
fn text_that_is_not_json_is_a_400() {
    for body in ["", " ", "{", "nul", "{\"items\":[]} x", "\u{feff}{}", "{\"items\": \"x\", broken", "[1e999]"] {
        assert_eq!(rejected(body).0, 400, "{body}");
    }
    assert_eq!(rejected(&"[".repeat(100_000)).0, 400, "too deep");
}

#[test]
fn text_that_is_not_utf_8_is_a_400_wherever_it_stands() {
    #[derive(Debug, Deserialize)]
    struct Small {
        #[allow(dead_code)]
        id: u8,
    }
    for body in
        [&b"{\"id\":1,\"note\":\"\xFF\"}"[..], b"{\"id\":1,\"\xFF\":1}", b"{\"id\":1} \xFF", b"{\"id\":\"\xFF\"}"]
    {
        let rejection = Json::<Small>::from_bytes(body).unwrap_err();
        assert_eq!(rejection.status(), 400, "{body:?}");
        assert!(Json::<serde::de::IgnoredAny>::from_bytes(body).is_err(), "{body:?}");
    }
    assert!(Json::<Small>::from_bytes("{\"id\":1,\"note\":\"é\"}".as_bytes()).is_ok());
}

#[test]
fn json_of_the_wrong_shape_points_at_the_field_and_repeats_nothing() {
    rejects(
        r#"{"items":[{"amount":1},{"amount":"hunter2"}]}"#,
        "/items/1/amount",
        "expected an integer from 0 to 255, got a string",
    );
    rejects(r#"{"items":[{"amount":256}]}"#, "/items/0/amount", "expected an integer from 0 to 255");
    rejects(r#"{"items":[{}]}"#, "/items/0/amount", "is missing");
    rejects(r#"{"items":[],"color":"hunter2"}"#, "/color", "expected `red`");
    let (status, _, detail) = rejected(r#"{"items":[],"hunter2":1}"#);
    assert_eq!(status, 422);
    assert!(!detail.contains("hunter2"), "{detail}");
    rejects(r#"{"items":[],"items":[]}"#, "/items", "must occur only once");
    rejects(
        r#"{"items":[{"amount":"x, expected hunter2"}]}"#,
        "/items/0/amount",
        "expected an integer from 0 to 255, got a string",
    );
    rejects(r#"{"items":[],"color":"x`, expected `hunter2"}"#, "/color", "expected `red`");
}

#[test]
fn json_of_the_wrong_shape_is_a_422_where_serde_json_blames_the_syntax() {
    rejects(r#"{"items":[],"color":5}"#, "/color", "is not one of the accepted values");
    let detail = |rejection: Rejection| (rejection.status().as_u16(), rejection.fields()[0].detail().to_owned());
    let long = Json::<(u8, u8)>::from_bytes(b"[1,2,3]").unwrap_err();
    assert_eq!(detail(long), (422, "has too many elements".to_owned()));
    let key = Json::<std::collections::BTreeMap<u8, u8>>::from_bytes(br#"{"a":1}"#).unwrap_err();
    assert_eq!(detail(key), (422, "every key must be a number".to_owned()));
}

#[test]
fn a_key_of_the_callers_does_not_make_a_long_answer() {
    type Nested = std::collections::BTreeMap<String, std::collections::BTreeMap<String, u8>>;
    let body = format!(r#"{{"a~/b":{{"{}":"x"}}}}"#, "k".repeat(100_000));
    let rejection = Json::<Nested>::from_bytes(body.as_bytes()).unwrap_err();
    assert_eq!(rejection.fields()[0].pointer(), "/a~0~1b");
}

#[tokio::test]
async fn a_compressed_body_is_a_415() {
    for (coding, status) in [("gzip", 415), ("identity, br", 415), ("", 200), ("Identity", 200)] {
        let request = http::Request::builder().header("content-type", "application/json");
        let request = request.header("content-encoding", coding).body(Body::from("1")).unwrap();
        let got = <Json<u8> as FromRequest<()>>::from_request(request, &()).await;
        assert_eq!(got.map_or_else(|r| r.status().as_u16(), |_| 200), status, "{coding}");
    }
}

#[tokio::test]
async fn the_content_type_decides_before_the_body() {
    for (content_type, status) in [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("application/vnd.api+json", 200),
        ("text/json", 415),
        ("application/jsonx", 415),
        ("", 415),
    ] {
        let request = http::Request::builder().header("content-type", content_type).body(Body::from("1")).unwrap();
        let got = <Json<u8> as FromRequest<()>>::from_request(request, &()).await;
        assert_eq!(got.map_or_else(|r| r.status().as_u16(), |_| 200), status, "{content_type}");
    }
}

/// A body of this length at most whose texts of JSON within JSON are nested as deeply as possible.
fn nested_by_raw_values(length: usize) -> String {
    let (open, close) = ("[".repeat(126), "]".repeat(126));
    let mut text = format!("{open}1{close}");
    loop {
        let within = serde_json::to_string(&text).unwrap();
        let next = format!("{open}{{\"$serde_json::private::RawValue\":{within}}}{close}");
        if next.len() > length {
            return text;
        }
        text = next;
    }
}

#[test]
fn the_deepest_value_fits_into_the_stack_of_a_thread() {
    // A release build needs 900 KiB for it; the frames of a debug build are larger.
    let stack = if cfg!(debug_assertions) { 64 << 20 } else { 1 << 20 };
    let text = nested_by_raw_values(crate::core::limits::PAYLOAD_LIMIT);
    let parsed = std::thread::Builder::new().stack_size(stack).spawn(move || {
        let Json(value) = Json::<serde_json::Value>::from_bytes(text.as_bytes()).unwrap();
        let mut depth = 0;
        let mut at = &value;
        while let Some(inner) = at.get(0) {
            (at, depth) = (inner, depth + 1);
        }
        depth
    });
    assert_eq!(parsed.unwrap().join().unwrap(), 21 * 126);
}
