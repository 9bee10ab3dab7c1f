//! Finds a correlation id in an event without decoding the rest of it.

use serde_json::value::RawValue;

use crate::core::json::members::member;

/// The maximum length of a correlation id, in bytes; longer text is ignored.
const MAX_ID: usize = 1024;

/// Returns the string or number at a JSON Pointer (RFC 6901), which can continue into JSON text.
pub(super) fn find(event: &str, pointer: &str) -> Option<String> {
    let tokens = pointer.strip_prefix('/')?.split('/');
    let tokens: Vec<_> = tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect();
    find_in(event, &tokens)
}

fn find_in(json: &str, tokens: &[String]) -> Option<String> {
    let first = json.as_bytes().first()?;
    match tokens.split_first() {
        None => match first {
            b'"' => id(serde_json::from_str(json).ok()?),
            b'-' | b'0'..=b'9' => id(json.to_owned()),
            _ => None,
        },
        Some(_) if *first == b'"' => {
            let text: String = serde_json::from_str(json).ok()?;
            let text = text.trim();
            text.starts_with(['{', '[']).then(|| find_in(text, tokens))?
        }
        Some((token, rest)) => find_in(at(json, token)?.get(), rest),
    }
}

/// Returns the string or number that a JMESPath expression selects from the event; `None` if it cannot be evaluated.
#[cfg(feature = "idempotency")]
pub(super) fn select(event: &str, expression: &crate::core::expression::Expression) -> Option<String> {
    use serde_json::Value;
    let document = crate::core::expression::Document::parse(event).ok()?;
    match expression.select(&document).ok()?.value {
        Value::String(text) => id(text),
        Value::Number(number) => id(number.to_string()),
        _ => None,
    }
}

fn id(id: String) -> Option<String> {
    (!id.is_empty() && id.len() <= MAX_ID).then_some(id)
}

fn at<'a>(json: &'a str, token: &str) -> Option<&'a RawValue> {
    if json.starts_with('[') {
        let items = serde_json::from_str::<Vec<&RawValue>>(json).ok()?;
        return items.get(token.parse::<usize>().ok()?).copied();
    }
    member(json, token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(event: &str, pointer: &str) -> Option<String> {
        find(event, pointer)
    }

    #[test]
    fn a_string_or_a_number_is_found() {
        let event = r#"{"other": [1, {}], "requestContext": {"requestId": "a\"b"}, "list": [{"id": 7}], "a/b": "c"}"#;
        assert_eq!(found(event, "/requestContext/requestId").as_deref(), Some("a\"b"));
        assert_eq!(found(event, "/list/0/id").as_deref(), Some("7"));
        assert_eq!(found(event, "/a~1b").as_deref(), Some("c"));
    }

    #[test]
    fn a_pointer_continues_into_a_text_that_is_json() {
        let event = serde_json::json!({"body": r#" {"order": {"id": 7}} "#, "list": "[\"{\\\"id\\\": \\\"x\\\"}\"]", "plain": "x"});
        let event = event.to_string();
        assert_eq!(found(&event, "/body/order/id").as_deref(), Some("7"));
        assert_eq!(found(&event, "/list/0/id").as_deref(), Some("x"));
        assert_eq!(found(&event, "/plain/id"), None);
    }

    #[cfg(feature = "idempotency")]
    #[test]
    fn an_expression_selects_a_string_or_a_number() {
        let event =
            r#"{"body": "{\"order\": {\"id\": 7, \"name\": \"n\"}}", "data": "eyJpZCI6ICJ4In0=", "broken": "{"}"#;
        let event = RawValue::from_string(event.to_owned()).unwrap();
        let select = |text: &str| select(event.get(), &crate::core::expression::Expression::parse(text).unwrap());
        assert_eq!(select("powertools_json(body).order.id").as_deref(), Some("7"));
        assert_eq!(select("powertools_json(body).order.name").as_deref(), Some("n"));
        assert_eq!(select("powertools_json(powertools_base64(data)).id").as_deref(), Some("x"));
        for none in ["powertools_json(body).order", "powertools_json(broken).id", "nowhere", "`\"\"`"] {
            assert_eq!(select(none), None, "{none}");
        }
    }

    #[test]
    fn a_value_that_is_not_an_id_is_not_taken() {
        let long = format!(r#"{{"id": "{}"}}"#, "x".repeat(MAX_ID + 1));
        assert_eq!(found(&long, "/id"), None);
        for (event, pointer) in
            [(r#"{"id": {}}"#, "/id"), (r#"{"id": ""}"#, "/id"), ("{}", "/id"), ("7", "/id"), ("[1]", "/1"), ("{}", "")]
        {
            assert_eq!(found(event, pointer), None, "{event} {pointer}");
        }
    }
}
