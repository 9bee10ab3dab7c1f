//! `field`: the field of a type in which a mistake is, without what the sender chose; `is_struct`.

use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
#[cfg(any(feature = "http", feature = "jwt"))]
use serde_path_to_error::{Path, Segment};

/// Returns a JSON Pointer to the field of `T` that has or contains the mistake. The rest of the path, and the whole path
/// in a `T` that is a map, may have keys that are data.
#[cfg(any(feature = "http", feature = "jwt"))]
pub(crate) fn field<T: DeserializeOwned>(path: &Path) -> Option<String> {
    let Some(Segment::Map { key }) = path.iter().next() else { return None };
    fields::<T>()?.contains(&key.as_str()).then(|| {
        let mut pointer = String::new();
        super::push_step(&mut pointer, key);
        pointer
    })
}

/// Returns `true` for a struct, and for `Option` of one.
#[cfg(feature = "appsync")]
pub(crate) fn is_struct<T: DeserializeOwned>() -> bool {
    fields::<T>().is_some()
}

/// Asks a type for its fields; `None` for one that is not a struct.
fn fields<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut fields = None;
    let _ = T::deserialize(Probe(&mut fields));
    fields
}

/// Keeps the fields of a struct, and fails.
struct Probe<'p>(&'p mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some(fields);
        Err(Error::custom("only the fields are asked for"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

#[cfg(all(test, any(feature = "http", feature = "jwt")))]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct User {
        #[serde(default)]
        addresses: BTreeMap<String, u8>,
        #[serde(default, rename = "a/b")]
        other: Vec<u8>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Wrapped(Option<User>);

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Flat {
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }

    fn of<T: DeserializeOwned>(json: &str) -> Option<String> {
        let json = &mut serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, T>(json).err().expect("a mistake");
        field::<T>(error.path())
    }

    #[test]
    fn only_a_field_of_the_type_is_named() {
        let nested = r#"{"addresses":{"ada@example.com":"x"}}"#;
        assert_eq!(of::<User>(nested).as_deref(), Some("/addresses"));
        assert_eq!(of::<Wrapped>(nested).as_deref(), Some("/addresses"));
        assert_eq!(of::<User>(r#"{"a/b":[1,"x"]}"#).as_deref(), Some("/a~1b"));
        assert_eq!(of::<BTreeMap<String, u8>>(r#"{"ada@example.com":"x"}"#), None);
        assert_eq!(of::<BTreeMap<String, User>>(r#"{"addresses":{"addresses":7}}"#), None);
        assert_eq!(of::<Flat>(r#"{"ada@example.com":"x"}"#), None);
        assert_eq!(of::<Vec<User>>(r#"[{"addresses":7}]"#), None);
        assert_eq!(of::<User>("7"), None);
    }
}
