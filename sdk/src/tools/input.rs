//! [`Input`]: the arguments of a tool, as the last argument of its function; [`Arguments`]: the JSON that they are
//! decoded from.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::InvalidArguments;
use super::{finite, whole};
use crate::core::json::message::{field_of, without_place, without_values};
use crate::core::json::{described, is_object, pointer, push_step};
use crate::core::raw::RawEvent;

/// The arguments of a tool: the last argument of its function. See [`Tools::add`](super::Tools::add).
#[derive(Clone, Copy, Default)]
pub struct Input<T>(pub T);

/// What a model or a user wrote may be secret or personal, and is not shown.
impl<T> fmt::Debug for Input<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Input").finish_non_exhaustive()
    }
}

/// The arguments of a call as JSON: a value, or text that is not decoded yet. `null` is an empty object.
///
/// # Example
///
/// ```
/// use pilaster::tools::Arguments;
/// use serde_json::json;
///
/// let arguments = Arguments::from(json!({ "city": "Paris" }));
/// assert_eq!(format!("{arguments:?}"), "Arguments(..)"); // they are the caller's, and never shown
/// ```
#[derive(Clone)]
pub struct Arguments(Json);

#[derive(Clone)]
enum Json {
    Value(Value),
    Text(RawEvent),
}

impl From<Value> for Arguments {
    fn from(value: Value) -> Self {
        Self(Json::Value(value))
    }
}

/// Text that is shared with the event, and decoded once.
impl From<RawEvent> for Arguments {
    fn from(text: RawEvent) -> Self {
        Self(Json::Text(text))
    }
}

impl From<Box<RawValue>> for Arguments {
    fn from(text: Box<RawValue>) -> Self {
        Self(Json::Text(text.into()))
    }
}

/// No arguments.
impl Default for Arguments {
    fn default() -> Self {
        Self(Json::Value(Value::Null))
    }
}

/// They may hold personal data, and are not shown.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arguments").field(&format_args!("..")).finish()
    }
}

impl Arguments {
    /// Returns the arguments as a value, such as for an idempotency key.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or is nested more deeply than 128 levels.
    pub fn to_value(&self) -> Result<Value, InvalidArguments> {
        match &self.0 {
            Json::Value(value) => Ok(value.clone()),
            Json::Text(text) => serde_json::from_str(text.get()).map_err(|error| mistake("", &error)),
        }
    }

    /// Returns the mistake of a number that would be infinite as the `f32` of this schema, which is made if there is such a
    /// number; or that of a number that no JSON value can hold.
    pub(super) fn infinite<S: std::borrow::Borrow<Value>>(
        &self,
        schema: impl FnOnce() -> S,
    ) -> Option<InvalidArguments> {
        let parsed;
        let value = match &self.0 {
            Json::Value(value) if finite::exceeds(value) => value,
            Json::Text(text) if finite::may_exceed(text.get()) => {
                let json = &mut serde_json::Deserializer::from_str(text.get());
                parsed = match serde_path_to_error::deserialize::<_, Value>(json) {
                    Ok(parsed) => parsed,
                    Err(found) => return Some(mistake(&pointer(found.path()), found.inner())),
                };
                &parsed
            }
            _ => return None,
        };
        finite::infinite(value, schema().borrow())
    }

    /// Decodes the input of a tool. `1.0` is also an integer, as it is for a JSON Schema.
    ///
    /// # Errors
    ///
    /// They do not fit the type; the error has the path and repeats no value.
    pub(crate) fn decode<T: DeserializeOwned>(self) -> Result<T, InvalidArguments> {
        let not_an_object = || InvalidArguments::new("", "the arguments must be an object");
        match self.0 {
            Json::Value(Value::Object(members)) => of_value(Value::Object(members)),
            Json::Value(Value::Null) => of_value(Value::Object(serde_json::Map::new())),
            Json::Value(_) => Err(not_an_object()),
            Json::Text(text) if text.get().trim() == "null" => of_value(Value::Object(serde_json::Map::new())),
            Json::Text(text) if !is_object(text.get()) => Err(not_an_object()),
            Json::Text(text) => {
                let decoded = serde_json::from_str(text.get());
                decoded.or_else(|error| {
                    match whole::of_text(text.get()) {
                        Ok(Some(value)) => return decoded_value(value),
                        Ok(None) => {}
                        // In the words of serde's mistake for it.
                        Err(twice) => return Err(InvalidArguments::new(twice, without_values("duplicate field"))),
                    }
                    // The path is determined only after a mistake, by decoding again.
                    let json = &mut serde_json::Deserializer::from_str(text.get());
                    Err(match serde_path_to_error::deserialize::<_, T>(json) {
                        Err(found) => mistake(&pointer(found.path()), found.inner()),
                        Ok(_) => mistake("", &error),
                    })
                })
            }
        }
    }
}

fn of_value<T: DeserializeOwned>(value: Value) -> Result<T, InvalidArguments> {
    match whole::of_value(&value) {
        Some(integers) => T::deserialize(value).or_else(|_| decoded_value(integers)),
        None => decoded_value(value),
    }
}

fn decoded_value<T: DeserializeOwned>(value: Value) -> Result<T, InvalidArguments> {
    serde_path_to_error::deserialize(value).map_err(|found| mistake(&pointer(found.path()), found.inner()))
}

fn mistake(pointer: &str, error: &serde_json::Error) -> InvalidArguments {
    let text = error.to_string();
    // The place in the text is of no use to a model, which has sent members.
    let text = without_place(&text);
    // The text is JSON. It is nested too deeply, or has a number that no type of Rust holds: serde_json's own words.
    if text.starts_with("recursion limit") || text.starts_with("number out of range") {
        return InvalidArguments::new(pointer, described(text));
    }
    let mut pointer = field_of(pointer.to_owned(), text);
    let message = without_values(text);
    // Beside `#[serde(flatten)]` it is found after all members, so the path does not lead to it.
    let flattened = text.strip_prefix("unknown field `").and_then(|rest| rest.strip_suffix('`'));
    if let Some(name) = flattened.filter(|name| !name.contains('`')) {
        push_step(&mut pointer, name);
    }
    InvalidArguments::new(pointer, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Weather {
        city: String,
        days: Option<u8>,
    }

    fn both(value: &Value) -> [Result<Weather, String>; 2] {
        let text = RawValue::from_string(value.to_string()).unwrap();
        let decoded = [Arguments::from(value.clone()).decode(), Arguments::from(text).decode()];
        decoded.map(|decoded| decoded.map_err(|error| error.to_string()))
    }

    #[test]
    fn text_and_a_value_decode_alike_and_a_mistake_has_its_path_and_no_value() {
        let paris = Weather { city: "Paris".into(), days: Some(3) };
        for decoded in both(&json!({ "city": "Paris", "days": 3 })) {
            assert_eq!(decoded.as_ref(), Ok(&paris));
        }
        for (wrong, message) in [
            (json!({ "city": "hunter2", "days": "hunter2" }), "/days: expected an integer from 0 to 255, got a string"),
            (json!({ "city": "hunter2", "days": 4242 }), "/days: expected an integer from 0 to 255"),
            (json!({}), "/city: is missing"),
            (json!(null), "/city: is missing"),
            (json!({ "city": "a", "hunter2": 1 }), "/hunter2: unknown field, expected `city` or `days`"),
            (json!(["hunter2", 3]), "the arguments must be an object"),
            (json!("hunter2"), "the arguments must be an object"),
        ] {
            assert_eq!(both(&wrong), [Err(message.to_owned()), Err(message.to_owned())]);
        }
    }

    #[test]
    fn a_number_without_a_fraction_is_an_integer() {
        let days = |days: &str| {
            let text = format!(r#"{{"city":"Paris","days":{days}}}"#);
            let value = serde_json::from_str::<Value>(&text).unwrap();
            let text = RawValue::from_string(text).unwrap();
            let decoded = [Arguments::from(value).decode::<Weather>(), Arguments::from(text).decode()];
            decoded.map(|decoded| decoded.map(|weather| weather.days).map_err(|error| error.to_string()))
        };
        for (sent, expected) in [("3.0", 3), ("-0", 0), ("-0.0", 0), ("2e1", 20), ("30.0e-1", 3)] {
            assert_eq!(days(sent), [Ok(Some(expected)), Ok(Some(expected))], "{sent}");
        }
        for sent in ["3.5", "1e300", "9007199254740992.0"] {
            let message = "/days: expected an integer from 0 to 255".to_owned();
            assert_eq!(days(sent), [Err(message.clone()), Err(message)], "{sent}");
        }
        // The mistake is that of the arguments as they were sent.
        assert_eq!(days("256.0")[0].as_ref().unwrap_err(), "/days: expected an integer from 0 to 255");
        assert_eq!(days("3"), [Ok(Some(3)), Ok(Some(3))]);
        #[derive(Debug, serde::Deserialize)]
        struct Large {
            count: u64,
        }
        for (sent, count) in [("1e15", 1_000_000_000_000_000), ("9007199254740991.0", (1 << 53) - 1)] {
            let text = RawValue::from_string(format!(r#"{{"count":{sent}}}"#)).unwrap();
            assert_eq!(Arguments::from(text).decode::<Large>().unwrap().count, count, "{sent}");
        }
        // The nearest one to 2^53 + 1 as well.
        let text = RawValue::from_string(r#"{"count":9007199254740992.0}"#.to_owned()).unwrap();
        assert!(Arguments::from(text).decode::<Large>().is_err());
        // The mistake beside it is named, and not the number.
        for (text, message) in [
            (r#"{"days":2.0}"#, "/city: is missing"),
            (r#"{"city":7,"days":2.0}"#, "/city: expected a string, got a number"),
            (r#"{"city":"Paris","days":256.0}"#, "/days: expected an integer from 0 to 255"),
        ] {
            let value = Arguments::from(serde_json::from_str::<Value>(text).unwrap());
            let text = Arguments::from(RawValue::from_string(text.to_owned()).unwrap());
            for arguments in [text, value] {
                assert_eq!(arguments.decode::<Weather>().unwrap_err().to_string(), message);
            }
        }
        // Of two values, the caller may have meant either.
        let twice = RawValue::from_string(r#"{"city":"Paris","city":"Rome","days":3.0}"#.to_owned()).unwrap();
        let error = Arguments::from(twice).decode::<Weather>().unwrap_err();
        assert_eq!(error.to_string(), "/city: must occur only once");
    }

    #[test]
    fn a_mistake_of_the_form_of_a_value_is_in_terms_of_json() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        enum Way {
            Post,
            Courier(u8),
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Order {
            way: Way,
            at: (u8, u8),
            by_number: std::collections::BTreeMap<u8, u8>,
        }
        let of = |way: &str, at: &str, by_number: &str| {
            let text = format!(r#"{{"way":{way},"at":{at},"by_number":{by_number}}}"#);
            let decoded = Arguments::from(RawValue::from_string(text).unwrap()).decode::<Order>();
            decoded.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(of(r#"{"Courier":1}"#, "[1,2]", r#"{"7":1}"#), Ok(()));
        assert_eq!(of("5", "[1,2]", "{}").unwrap_err(), "/way: is not one of the accepted values");
        assert_eq!(of(r#""Post""#, "[1,2,3]", "{}").unwrap_err(), "/at: has too many elements");
        assert_eq!(of(r#""Post""#, "[1,2]", r#"{"x":1}"#).unwrap_err(), "/by_number: every key must be a number");
    }

    #[test]
    fn an_unknown_argument_beside_flattened_ones_has_its_path() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Outer {
            id: String,
            #[serde(flatten)]
            more: More,
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct More {
            page: Option<u8>,
        }
        let value = json!({ "id": "a", "bo/gus": "hunter2" });
        let text = RawValue::from_string(value.to_string()).unwrap();
        for decoded in [Arguments::from(value).decode::<Outer>(), Arguments::from(text).decode()] {
            assert_eq!(decoded.unwrap_err().to_string(), "/bo~1gus: unknown field");
        }
    }

    #[test]
    fn a_mistake_is_described_in_terms_of_json_and_without_a_text_of_the_type() {
        #[derive(Debug)]
        struct Sku;
        impl<'de> serde::Deserialize<'de> for Sku {
            fn deserialize<D: serde::Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
                Err(serde::de::Error::custom(format!("{} is no sku", String::deserialize(json)?)))
            }
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Order {
            lines: Option<Vec<Line>>,
            sku: Option<Sku>,
            ratio: Option<f32>,
            empty: Option<Empty>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Line {
            way: Way,
        }
        #[derive(Debug, serde::Deserialize)]
        enum Way {
            Post,
            Courier,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Empty {}
        for (wrong, message) in [
            (json!({ "lines": "hunter2" }), "/lines: expected an array, got a string"),
            (json!({ "lines": [{}] }), "/lines/0/way: is missing"),
            (json!({ "lines": [{ "way": "hunter2" }] }), "/lines/0/way: expected `Post` or `Courier`"),
            (json!({ "sku": "hunter2" }), "/sku: is invalid"),
            (json!({ "ratio": "hunter2" }), "/ratio: expected a number, got a string"),
            (json!({ "empty": { "a": "hunter2" } }), "/empty/a: unknown field"),
        ] {
            let text = RawValue::from_string(wrong.to_string()).unwrap();
            for decoded in [Arguments::from(wrong).decode::<Order>(), Arguments::from(text).decode()] {
                assert_eq!(decoded.unwrap_err().to_string(), message);
            }
        }
    }

    #[test]
    fn a_thousand_levels_are_a_mistake_and_no_overflow() {
        #[derive(Debug, serde::Deserialize)]
        struct Deep {
            #[allow(dead_code)]
            a: Value,
        }
        let text = format!(r#"{{"a":{}1{}}}"#, "[".repeat(1000), "]".repeat(1000));
        let text = RawValue::from_string(text);
        // serde_json refuses it already where the event is read.
        let Ok(text) = text else { return };
        assert!(Arguments::from(text).decode::<Deep>().unwrap_err().to_string().contains("recursion limit"));
    }
}
