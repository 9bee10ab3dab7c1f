//! `validator`: in Rust the type of an argument defines the body. The schema of a case becomes a type whose `Deserialize` keeps
//! to it, and the event that it is about becomes the body, since that is what a handler's own types are for.

use std::cell::RefCell;

use pilaster::http::{Json, Stack};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::expectation::status_of;
use super::handler::{Handler, Prepared};
use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, delivered, send};
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    event_schema: Option<Schema>,
    context_schema: Option<Schema>,
    response_schema: Option<Schema>,
    default_language: Option<String>,
    languages: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schema {
    #[serde(rename = "$jsonschema")]
    schema: Value,
}

pub(super) fn replay(case: &Case) -> Replay {
    let options: Options = options(super::only(case)?)?;
    only_these(&case.json["expect"], &["handler_called", "handler_event", "response", "error"])?;
    if options.context_schema.is_some() {
        return unsupported("a schema of the context, which is a type");
    }
    if options.response_schema.is_some() {
        return unsupported("a schema of the response, which is of the type that the handler returns");
    }
    if !options.languages.is_empty() || options.default_language.is_some() {
        return unsupported("messages in the caller's language");
    }
    let Some(Schema { schema }) = options.event_schema else {
        return unsupported("no schema of the event");
    };
    check(&schema)?;
    let handler = Handler::read(&case.json["handler"])?;

    let body = case.json["event"].to_string();
    let event = json!({ "headers": { "content-type": "application/json" }, "body": body });
    let event = complete(&event, "POST");
    SCHEMA.with_borrow_mut(|current| *current = schema.clone());
    let notes = Notes::default();
    let noted = notes.clone();
    let function =
        move |Json(Typed(event)): Json<Typed>| std::future::ready(handler.run(&noted, json!({ "event": event })));
    let sent = send(pilaster::handler(function).layer(Stack::new()), &event);

    let expect = &case.json["expect"];
    let response = expect.get("response").filter(|_| case.json["handler"]["kind"] == "return");
    let status = match (expect.get("error"), response) {
        (Some(error), _) => json!(status_of(error)?),
        (None, Some(response)) => Prepared::expected(response)?["status"].clone(),
        (None, None) => json!(200),
    };
    let mut expected = json!({ "status": status, "called": expect["handler_called"] });
    let mut observed = match sent {
        Sent::Answer(answer) => json!({ "status": delivered(&event, &answer)["status"] }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    let saw = notes.all();
    observed["called"] = json!(!saw.is_empty());
    if let (Some(event), Some(saw)) = (expect.get("handler_event"), saw.first()) {
        expected["event"] = event.clone();
        observed["event"] = saw["event"].clone();
    }
    Ok(Compared { expected, observed })
}

thread_local! {
    static SCHEMA: RefCell<Value> = const { RefCell::new(Value::Null) };
}

/// A value of the type that the schema describes.
struct Typed(Value);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        SCHEMA.with_borrow(|schema| read(schema, value)).map(Self).map_err(D::Error::custom)
    }
}

/// Returns `Ok` if a type can express the whole schema.
fn check(schema: &Value) -> Result<(), Stop> {
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        match keyword.as_str() {
            "type" if value.is_string() => {}
            "required" => {}
            "properties" => value.as_object().into_iter().flatten().try_for_each(|(_, schema)| check(schema))?,
            "items" => check(value)?,
            other => return unsupported(format!("the keyword `{other}` of a schema")),
        }
    }
    Ok(())
}

/// The value as the schema has it; text is read as what is asked for, as middy's validator does and `serde_with` can.
fn read(schema: &Value, value: Value) -> Result<Value, String> {
    let wrong = || format!("invalid type, expected {}", schema["type"]);
    let text = value.as_str().map(str::trim);
    match schema["type"].as_str() {
        None => Ok(value),
        Some("string") => match value {
            Value::String(_) => Ok(value),
            Value::Number(_) | Value::Bool(_) => Ok(json!(value.to_string())),
            _ => Err(wrong()),
        },
        Some("boolean") => match (&value, text) {
            (Value::Bool(_), _) => Ok(value),
            (_, Some("true")) => Ok(json!(true)),
            (_, Some("false")) => Ok(json!(false)),
            _ => Err(wrong()),
        },
        Some("integer") => match (value.as_i64(), text.and_then(|text| text.parse::<i64>().ok())) {
            (Some(number), _) | (None, Some(number)) => Ok(json!(number)),
            _ => Err(wrong()),
        },
        Some("number") => match (value.is_number(), text.and_then(|text| text.parse::<f64>().ok())) {
            (true, _) => Ok(value),
            (false, Some(number)) => Ok(json!(number)),
            _ => Err(wrong()),
        },
        Some("array") => match value {
            Value::Array(items) => items.into_iter().map(|item| read(&schema["items"], item)).collect(),
            other => Ok(json!([read(&schema["items"], other)?])),
        },
        Some("object") => {
            let Value::Object(mut object) = value else { return Err(wrong()) };
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            for name in required {
                if !object.contains_key(name) {
                    return Err(format!("missing field `{name}`"));
                }
            }
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                if let Some(value) = object.get_mut(name) {
                    *value = read(schema, value.take())?;
                }
            }
            Ok(Value::Object(object))
        }
        Some(_) => Err(wrong()),
    }
}
