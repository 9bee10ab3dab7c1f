//! Decodes the properties of a resource, whose numbers and booleans are sent as text, into the type that the function
//! takes.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::core::json::{described, placed, pointer};

/// Decodes properties. The error contains the location and the expected type, but not the value: it may be a secret,
/// and the reason of a failure is shown in the events of the stack.
pub(super) fn decode<P: DeserializeOwned>(properties: Value) -> Result<P, String> {
    serde_path_to_error::deserialize(Property(properties))
        .map_err(|error| placed(&pointer(error.path()), &error.inner().to_string()))
}

struct Property(Value);

impl Property {
    fn map<'de>(map: Map<String, Value>) -> MapDeserializer<'de, impl Iterator<Item = (Property, Property)>, Wrong> {
        MapDeserializer::new(map.into_iter().map(|(name, value)| (Property(Value::String(name)), Property(value))))
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Property {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Implements the methods for types other than text, whose values may be text.
macro_rules! from_text {
    ($($method:ident => $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self.0.as_str().and_then(|text| text.trim().parse().ok()) {
                Some(value) => visitor.$visit(value),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Property {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Property));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Object(map) => {
                let mut map = Self::map(map);
                let value = visitor.visit_map(&mut map)?;
                map.end().map(|()| value)
            }
        }
    }

    from_text! {
        deserialize_bool => visit_bool;
        deserialize_i8 => visit_i8;
        deserialize_i16 => visit_i16;
        deserialize_i32 => visit_i32;
        deserialize_i64 => visit_i64;
        deserialize_i128 => visit_i128;
        deserialize_u8 => visit_u8;
        deserialize_u16 => visit_u16;
        deserialize_u32 => visit_u32;
        deserialize_u64 => visit_u64;
        deserialize_u128 => visit_u128;
        deserialize_f32 => visit_f32;
        deserialize_f64 => visit_f64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(variant) => visitor.visit_enum(variant.into_deserializer()),
            Value::Object(map) => visitor.visit_enum(MapAccessDeserializer::new(Self::map(map))),
            other => Property(other).deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The error: the location and the expected type.
#[derive(Debug)]
struct Wrong(String);

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(described(&text.to_string()).into_owned())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "nothing",
            Unexpected::Seq => "a list",
            Unexpected::Map => "an object",
            _ => "something else",
        };
        Self(format!("found {found}, expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("the value does not fit, expected {expected}"))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        match expected {
            [] => Self("the field is unknown".to_owned()),
            expected => Self(format!("the field is unknown, expected one of {}", expected.join(", "))),
        }
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("expected one of {}", expected.join(", ")))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Engine {
        Postgres,
        Other { version: f64 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Port(u16);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Properties {
        name: String,
        port: Port,
        public: bool,
        shares: Vec<f64>,
        engine: Engine,
        #[serde(default)]
        replicas: Option<i64>,
        #[serde(default)]
        tags: BTreeMap<u8, Option<bool>>,
    }

    fn properties() -> Value {
        json!({
            "ServiceToken": "arn", "Name": "8", "Port": "5432", "Public": "true", "Shares": ["0.5", 1],
            "Engine": { "Other": { "version": "9.6" } }, "Replicas": "-1", "Tags": { "1": "false", "2": null },
        })
    }

    #[test]
    fn numbers_and_booleans_are_read_from_text() {
        let read = decode::<Properties>(properties()).unwrap();
        let expected = Properties {
            name: "8".to_owned(),
            port: Port(5432),
            public: true,
            shares: vec![0.5, 1.0],
            engine: Engine::Other { version: 9.6 },
            replicas: Some(-1),
            tags: BTreeMap::from([(1, Some(false)), (2, None)]),
        };
        assert_eq!(read, expected);
        let mut plain = properties();
        plain["Port"] = json!(80);
        plain["Public"] = json!(false);
        plain["Engine"] = json!("Postgres");
        plain["Replicas"] = Value::Null;
        let read = decode::<Properties>(plain).unwrap();
        assert_eq!((read.port, read.public, read.engine, read.replicas), (Port(80), false, Engine::Postgres, None));
    }

    #[test]
    fn any_json_stays_as_it_is() {
        assert_eq!(decode::<Value>(properties()).unwrap(), properties());
        assert_eq!(decode::<()>(Value::Null), Ok(()));
    }

    #[test]
    fn a_long_name_is_shortened() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Closed {}
        let name = "k".repeat(500);
        let open = decode::<BTreeMap<String, u8>>(json!({ &name: "x" })).unwrap_err();
        let closed = decode::<Closed>(json!({ &name: "x" })).unwrap_err();
        for error in [open, closed] {
            assert!(error.matches('k').count() <= 65, "{error}");
        }
    }

    #[test]
    fn a_mistake_is_told_by_its_place_and_never_by_its_value() {
        let mut secret = properties();
        for (name, value, said) in [
            ("Port", json!("hunter2"), "/Port: found a string, expected u16"),
            ("Port", json!(70_000), "/Port: the value does not fit, expected u16"),
            ("Public", json!("hunter2"), "/Public: found a string, expected a boolean"),
            ("Shares", json!(["1", "hunter2"]), "/Shares/1: found a string, expected f64"),
            ("Engine", json!("hunter2"), "/Engine: expected one of Postgres, Other"),
            ("Name", json!(["hunter2"]), "/Name: found a list, expected a string"),
        ] {
            let kept = std::mem::replace(&mut secret[name], value);
            assert_eq!(decode::<Properties>(secret.clone()).unwrap_err(), said);
            secret[name] = kept;
        }
        assert_eq!(decode::<Properties>(json!({ "Name": "a" })).unwrap_err(), "missing field `Port`");
    }
}
