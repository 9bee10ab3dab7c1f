//! JSON that keeps the order of its objects through JMESPath.
//!
//! Rules are tried in the order of the document, which neither `serde_json` nor `jmespath` keeps. Each object that
//! is a member of an object therefore gets its position among its siblings as an additional member. The name of that
//! member has a prefix, and a member of the document whose name starts with the prefix gets the prefix a second time.

use std::fmt;
use std::sync::LazyLock;

use jmespath::{Expression, Runtime, Variable};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::core::expression::functions::{not_json, runtime};

/// The name of the member with the position.
const PLACE: &str = "\0";

/// Powertools' functions, of which `powertools_json` also adds positions.
pub(super) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    runtime(|text| {
        let value = placed(text.as_bytes()).map_err(|error| not_json(&error))?;
        Variable::try_from(value).map_err(|error| error.reason.to_string())
    })
});

fn placed(text: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Placed(None).deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

/// Parses JSON with positions, and selects the part at the envelope.
pub(super) fn read(text: &[u8], envelope: Option<&Expression<'_>>) -> Result<Value, String> {
    let value =
        placed(text).map_err(|error| format!("it is not JSON: line {}, column {}", error.line(), error.column()))?;
    let Some(envelope) = envelope else { return Ok(value) };
    let failed = |error: &dyn fmt::Display| format!("the envelope `{}` fails: {error}", envelope.as_str());
    let data = Variable::try_from(value).map_err(|error| failed(&error))?;
    let found = envelope.search(data).map_err(|error| failed(&error))?;
    serde_json::to_value(&*found).map_err(|error| failed(&error))
}

/// Returns the name of a member, unless it is the position.
fn own_name(name: String) -> Option<String> {
    match name.strip_prefix(PLACE) {
        None => Some(name),
        Some("") => None,
        Some(own) => Some(own.to_owned()),
    }
}

/// Returns the members in the order of the document.
pub(super) fn members(object: Map<String, Value>) -> Vec<(String, Value)> {
    let place = |value: &Value| value.get(PLACE).and_then(Value::as_u64).unwrap_or(u64::MAX);
    let mut members: Vec<_> = object.into_iter().filter_map(|(name, value)| Some((own_name(name)?, value))).collect();
    members.sort_by_key(|(_, value)| place(value));
    members
}

/// Returns the value without positions.
pub(super) fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(name, value)| Some((own_name(name)?, plain(value))));
            Value::Object(members.collect())
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        other => other,
    }
}

/// A value, and its position if it is a member of an object.
struct Placed(Option<u64>);

impl<'de> DeserializeSeed<'de> for Placed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Placed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Placed(None))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        let mut place = 0;
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Placed(Some(place)))?;
            place += 1;
            let name = if name.starts_with(PLACE) { [PLACE, &name].concat() } else { name };
            members.insert(name, value);
        }
        if let Some(place) = self.0 {
            members.insert(PLACE.to_owned(), place.into());
        }
        Ok(Value::Object(members))
    }
}
