//! JSON text in which no member of an object is sent twice: of two values, the sender may have meant either.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::pointer;

/// The description of a member that is sent twice.
pub(crate) const TWICE: &str = "the member is sent twice";

/// Parses JSON; `None` for other text.
///
/// # Errors
///
/// A member is sent twice: the JSON Pointer (RFC 6901) to it.
pub(crate) fn parse(text: &str) -> Result<Option<Value>, String> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Ok(None) };
    // The value has lost the first of two members.
    let mut json = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, Once>(&mut json) {
        Ok(Once) => Ok(Some(value)),
        Err(found) => Err(pointer(found.path())),
    }
}

/// Any value whose objects have each member once.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_str<E>(self, _: &str) -> Result<Once, E> {
        Ok(Once)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Once, A::Error> {
        while let Some(Once) = items.next_element()? {}
        Ok(Once)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Once, A::Error> {
        let mut known = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(Member { is_known: !known.insert(name) })?;
        }
        Ok(Once)
    }
}

/// The value of a member. It is refused where it is read, so that the path has the name.
struct Member {
    is_known: bool,
}

impl<'de> DeserializeSeed<'de> for Member {
    type Value = Once;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Once, D::Error> {
        match self.is_known {
            true => Err(D::Error::custom(TWICE)),
            false => Once::deserialize(json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_sent_twice_is_a_mistake_with_its_path() {
        for (text, at) in [
            (r#"{"a":1,"b":2,"a":1}"#, "/a"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
            (r#"[{"a":1},{"a":{"b":[0,{"c/d":null,"c/d":2}]}}]"#, "/1/a/b/1/c~1d"),
        ] {
            assert_eq!(parse(text).unwrap_err(), at, "{text}");
        }
        for text in [r#"[{"a":1},{"a":{"a":-1.5}},[true,null,"x",18446744073709551615]]"#, "{}", "[]", "7"] {
            assert_eq!(parse(text), Ok(serde_json::from_str(text).ok()), "{text}");
        }
        for text in ["", "[a]", "{a=1, a=2}", r#"{"a":1,"a":2"#] {
            assert_eq!(parse(text), Ok(None), "{text}");
        }
    }
}
