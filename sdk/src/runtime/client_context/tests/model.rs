//! Random client contexts: `lambda_runtime` reads from the repaired header what a model, which is written from the documents
//! of Lambda and AgentCore, finds in the sent one.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::Map;

use super::*;

/// A value as a client writes it; a name may be repeated.
#[derive(Clone, Debug)]
enum Sent {
    /// A number or a word.
    Bare(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Sent {
    /// Returns its JSON, in ASCII or in UTF-8.
    fn json(&self, is_ascii: bool) -> String {
        let list = |parts: Vec<String>| parts.join(", ");
        match self {
            Self::Bare(word) => word.clone(),
            Self::Text(text) => quoted(text, is_ascii),
            Self::List(items) => format!("[{}]", list(items.iter().map(|item| item.json(is_ascii)).collect())),
            Self::Object(members) => {
                let member =
                    |(name, value): &(String, Self)| format!("{}: {}", quoted(name, is_ascii), value.json(is_ascii));
                format!("{{{}}}", list(members.iter().map(member).collect()))
            }
        }
    }

    /// Returns the value that it means; of a name that is repeated, the last.
    fn value(&self) -> Value {
        match self {
            Self::Bare(word) => serde_json::from_str(word).unwrap(),
            Self::Text(text) => Value::from(text.as_str()),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Object(members) => members.iter().map(|(name, value)| (name.clone(), value.value())).collect(),
        }
    }
}

fn quoted(text: &str, is_ascii: bool) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // A header has neither of them.
            _ if c.is_control() || (is_ascii && !c.is_ascii()) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| quoted.push_str(&format!("\\u{unit:04X}")));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn text() -> impl Strategy<Value = String> {
    let odd =
        prop::sample::select(vec!['"', '\\', '\0', '\t', '\n', '\u{7f}', '\u{80}', '\u{feff}', 'é', '🦀', 'a', ' ']);
    prop::collection::vec(prop_oneof![odd, any::<char>()], 0..6).prop_map(String::from_iter)
}

/// Numbers that an `f64` or an integer of 64 bits has exactly, and the words of JSON.
fn bare() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "0", "-0"]).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        "-?[1-9][0-9]{0,6}\\.[0-9]{0,5}[1-9](e[+-]?[1-9])?",
    ]
}

fn any_json() -> impl Strategy<Value = Sent> {
    let leaf = prop_oneof![bare().prop_map(Sent::Bare), text().prop_map(Sent::Text)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Sent::List),
            prop::collection::vec((text(), inner), 0..4).prop_map(Sent::Object),
        ]
    })
}

/// An object of these names and others.
fn object(names: &'static [&'static str]) -> impl Strategy<Value = Sent> {
    let name = prop_oneof![4 => prop::sample::select(names).prop_map(str::to_owned), 1 => text()];
    prop::collection::vec((name, any_json()), 0..6).prop_map(Sent::Object)
}

const CLIENT: [&str; 10] = [
    "installationId",
    "installation_id",
    "appTitle",
    "app_title",
    "appVersionName",
    "app_version_name",
    "appVersionCode",
    "app_version_code",
    "appPackageName",
    "app_package_name",
];

const CUSTOM: [&str; 3] = ["bedrockAgentCoreToolName", "bedrockAgentCorePropagatedHeaders", "a"];

fn context_object() -> impl Strategy<Value = Sent> {
    let part = |name: &'static str, names| {
        let values = prop_oneof![4 => object(names), 1 => any_json()];
        values.prop_map(move |value| (name.to_owned(), value))
    };
    let other = (prop_oneof![Just("env".to_owned()), Just("Custom".to_owned()), text()], any_json());
    let member = prop_oneof![part("custom", &CUSTOM), part("client", &CLIENT), part("environment", &CUSTOM), other];
    prop::collection::vec(member, 0..5).prop_map(Sent::Object)
}

/// Returns the members of a part that are not null: a part that is not an object has none.
fn given<'a>(context: &'a Value, part: &str) -> HashMap<&'a str, &'a Value> {
    let members = context.get(part).and_then(Value::as_object).into_iter().flat_map(Map::iter);
    members.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.as_str(), value)).collect()
}

/// Returns `true` if a function reads a value by this text: a text is the same, and of another value it is the JSON.
fn is_read(text: &str, value: &Value) -> bool {
    match value {
        Value::String(sent) => text == sent,
        other => serde_json::from_str::<Value>(text).is_ok_and(|read| read == *other),
    }
}

fn are_read(texts: &HashMap<String, String>, values: &HashMap<&str, &Value>) -> bool {
    let is_read = |(name, value): (&&str, &&Value)| texts.get(*name).is_some_and(|text| is_read(text, value));
    texts.len() == values.len() && values.iter().all(is_read)
}

proptest! {
    #[test]
    fn check_34_the_repaired_context_has_the_texts_of_the_sent_one(sent in context_object(), is_ascii: bool) {
        let mut headers = headers(&sent.json(is_ascii));
        repair(&mut headers);
        let value = sent.value();
        let client = given(&value, "client");
        let read = context(&headers);
        if CLIENT.chunks(2).any(|names| names.iter().all(|name| client.contains_key(name))) {
            // One field under both of its names: the invocation fails alone.
            prop_assert!(read.is_none());
            return Ok(());
        }
        let read = read.unwrap().client_context.unwrap();
        prop_assert!(are_read(&read.custom, &given(&value, "custom")), "{read:?}");
        prop_assert!(are_read(&read.environment, &given(&value, "environment")), "{read:?}");
        let fields = [
            read.client.installation_id,
            read.client.app_title,
            read.client.app_version_name,
            read.client.app_version_code,
            read.client.app_package_name,
        ];
        for (names, text) in CLIENT.chunks(2).zip(fields) {
            let value = names.iter().find_map(|name| client.get(name));
            prop_assert!(value.map_or(text.is_empty(), |value| is_read(&text, value)), "{names:?}: {text:?}");
        }
    }

    #[test]
    fn a_header_that_is_not_an_object_stays(
        sent in context_object(),
        is_ascii: bool,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        is_cut: bool,
    ) {
        let mut bytes = sent.json(is_ascii).into_bytes();
        let at = at.index(bytes.len());
        match is_cut {
            true => bytes.truncate(at),
            false => bytes[at] = byte,
        }
        let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let mut sent = headers("");
        sent.insert(HEADER, value);
        let mut repaired = sent.clone();
        repair(&mut repaired);
        match serde_json::from_slice::<Map<String, Value>>(&bytes) {
            Ok(_) => prop_assert!(repaired[HEADER].as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~'))),
            Err(_) => prop_assert_eq!(&repaired, &sent),
        }
        // It is an error or a context, and no panic.
        let _ = context(&repaired);
    }
}
