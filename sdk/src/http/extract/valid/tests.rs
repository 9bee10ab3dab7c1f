use super::*;
use axum_core::body::Body;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, Validate)]
struct Item {
    #[garde(range(max = 10))]
    amount: u32,
}

#[derive(Debug, Deserialize, Validate)]
struct Order {
    #[garde(dive)]
    items: Vec<Item>,
    #[garde(dive)]
    #[serde(default)]
    by_name: BTreeMap<String, Item>,
    #[garde(inner(length(max = 3)))]
    #[serde(default)]
    note: Option<String>,
    #[garde(prefix("a"), contains("b"), suffix("c"), ascii, alphanumeric, ip)]
    #[serde(default = "kept")]
    text: String,
}

fn kept() -> String {
    String::new()
}

#[derive(Debug, Deserialize, Validate)]
struct Page {
    #[garde(range(min = 1))]
    page: u32,
}

async fn body(text: &str) -> Result<Valid<Json<Page>>, Rejection> {
    let request = http::Request::post("/").header("content-type", "application/json");
    let request = request.body(Body::from(text.to_owned())).unwrap();
    <Valid<Json<Page>> as FromRequest<()>>::from_request(request, &()).await
}

fn broken(order: &str) -> Vec<(String, String)> {
    let Json(order) = Json::<Order>::from_bytes(order.as_bytes()).unwrap();
    let rejection = validate(Json(order)).unwrap_err();
    rejection.fields().iter().map(|f| (f.pointer().to_owned(), f.detail().to_owned())).collect()
}

#[tokio::test]
async fn the_schema_comes_before_the_rules() {
    assert_eq!(body(r#"{"page":2}"#).await.unwrap().page, 2);
    assert_eq!(body(r#"{"page":0}"#).await.unwrap_err().status(), 422);
    assert_eq!(body(r#"{"page":0"#).await.unwrap_err().status(), 400);
    assert_eq!(body(r#"{}"#).await.unwrap_err().fields()[0].detail(), "is missing");
}

#[tokio::test]
async fn an_invalid_query_is_a_400() {
    let (mut parts, ()) = http::Request::get("/?page=0").body(()).unwrap().into_parts();
    let rejection = <Valid<Query<Page>> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
    let rejection = rejection.unwrap_err();
    assert_eq!(rejection.status(), 400);
    assert_eq!(rejection.fields(), [FieldError::new("/page", "must be at least 1")]);
}

#[test]
fn each_violation_has_its_pointer() {
    let order =
        r#"{"items":[{"amount":1},{"amount":11}],"by_name":{"a.b/c":{"amount":11}},"note":"long","text":"abc"}"#;
    let pointers = broken(order).into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>();
    assert_eq!(pointers, ["/by_name/a.b~1c/amount", "/items/1/amount", "/note", "/text"]);
}

#[tokio::test]
async fn a_pointer_has_the_name_that_the_caller_sent() {
    #[derive(Debug, Deserialize, Validate)]
    #[serde(rename_all = "camelCase")]
    struct Person {
        #[garde(length(min = 1))]
        first_name: String,
        #[garde(dive)]
        home_address: Address,
        #[serde(rename = "customer")]
        #[garde(range(min = 1))]
        customer_: u32,
    }
    #[derive(Debug, Deserialize, Validate)]
    #[serde(rename_all = "PascalCase")]
    struct Address {
        #[garde(inner(length(min = 1)))]
        street_lines: Vec<String>,
    }
    let text = r#"{"firstName":"","homeAddress":{"StreetLines":["a",""]},"customer":0}"#;
    let rejection = validate(Json::<Person>::from_bytes(text.as_bytes()).unwrap()).unwrap_err();
    let pointers = rejection.fields().iter().map(FieldError::pointer).collect::<Vec<_>>();
    assert_eq!(pointers, ["/customer", "/firstName", "/homeAddress/StreetLines/1"]);

    #[derive(Debug, Deserialize, Validate)]
    #[serde(rename_all = "kebab-case")]
    struct Filter {
        #[garde(range(min = 1))]
        page_size: u32,
    }
    let (mut parts, ()) = http::Request::get("/?page-size=0").body(()).unwrap().into_parts();
    let rejection = <Valid<Query<Filter>> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
    assert_eq!(rejection.unwrap_err().fields()[0].pointer(), "/page-size");
}

#[test]
fn the_messages_of_the_built_in_rules_never_contain_the_value() {
    let violations = broken(r#"{"items":[{"amount":424242}],"note":"hunter2","text":"hünter2"}"#);
    assert_eq!(violations.len(), 7, "{violations:?}");
    for (_, detail) in violations {
        assert!(!detail.contains("nter2") && !detail.contains("4242"), "{detail}");
    }
}

#[test]
fn a_million_violations_make_a_short_response() {
    let items = vec![r#"{"amount":11}"#; 10_000].join(",");
    assert_eq!(broken(&format!(r#"{{"items":[{items}],"text":"abc"}}"#)).len(), VIOLATIONS);
}

#[test]
fn each_rule_has_its_message() {
    use garde::i18n::I18n as _;

    #[derive(Debug, Deserialize, Validate)]
    struct Rules {
        #[garde(length(min = 1))]
        empty: String,
        #[garde(length(chars, min = 3))]
        short: String,
        #[garde(length(max = 1))]
        long: Vec<u8>,
        #[garde(range(min = 18))]
        low: u8,
        #[garde(range(max = 1.5))]
        high: f64,
        #[garde(ascii)]
        ascii: String,
        #[garde(alphanumeric)]
        alphanumeric: String,
        #[garde(contains("@"))]
        contains: String,
        #[garde(prefix("a"))]
        prefix: String,
        #[garde(suffix("z"))]
        suffix: String,
        #[garde(ip)]
        ip: String,
        #[garde(ipv4)]
        ipv4: String,
        #[garde(matches(empty))]
        same: String,
        #[garde(required)]
        #[serde(default)]
        required: Option<u8>,
    }
    let text = r#"{"empty":"","short":"ab","long":[1,2],"low":17,"high":2.0,"ascii":"é","alphanumeric":"-","contains":"x",
        "prefix":"x","suffix":"x","ip":"x","ipv4":"::1","same":"x"}"#;
    let rejection = validate(Json::<Rules>::from_bytes(text.as_bytes()).unwrap()).unwrap_err();
    assert_eq!((rejection.status().as_u16(), rejection.detail()), (422, "the request body failed validation"));
    let messages = rejection.fields().iter().map(|f| (f.pointer(), f.detail())).collect::<Vec<_>>();
    let expected = [
        ("/alphanumeric", "must contain only letters and digits"),
        ("/ascii", "must contain only ASCII characters"),
        ("/contains", "must contain `@`"),
        ("/empty", "must not be empty"),
        ("/high", "must be at most 1.5"),
        ("/ip", "must be a valid IP address"),
        ("/ipv4", "must be a valid IPv4 address"),
        ("/long", "must have a length of at most 1"),
        ("/low", "must be at least 18"),
        ("/prefix", "must start with `a`"),
        ("/required", "is required"),
        ("/same", "must be equal to `empty`"),
        ("/short", "must have a length of at least 3"),
        ("/suffix", "must end with `z`"),
    ];
    assert_eq!(messages, expected);
    let messages = super::messages::Messages;
    assert_eq!(messages.email_invalid(garde::i18n::InvalidEmail::MissingAt), "must be a valid e-mail address");
}
