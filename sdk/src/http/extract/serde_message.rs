//! What is wrong with a value, in words for a caller who knows JSON and forms but not Rust, and without the value itself.
//!
//! serde's messages hold both, so only what is recognised here is said; of anything else no more than "is not valid".

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// serde's message without what the caller sent: only its part about what was expected.
pub(super) fn without_values(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let told = if message.starts_with("missing field") {
        Some("is missing".to_owned())
    } else if message.starts_with("duplicate field") {
        Some("occurs twice".to_owned())
    } else if message.starts_with("unknown field") {
        Some(expected(message).map_or_else(|| "is unknown".to_owned(), |text| format!("is unknown: expected {text}")))
    } else if let Some(got) = message.strip_prefix("invalid type: ") {
        expected(message).map(|text| {
            match got_word(got).filter(|got| !(*got == "a number" && text.contains("integer"))) {
                Some(got) => format!("expected {text}, got {got}"),
                None => format!("expected {text}"),
            }
        })
    } else if message.starts_with("invalid value: expected key") {
        Some("has a key that is no number".to_owned())
    } else if ["invalid value", "invalid length", "unknown variant"].iter().any(|kind| message.starts_with(kind)) {
        expected(message).map(|text| format!("expected {text}"))
    } else if message.starts_with("data did not match any variant") || message.starts_with("no variant of enum") {
        Some("has none of the accepted forms".to_owned())
    } else if message == "expected value" {
        Some("is none of the accepted values".to_owned())
    } else if message == "trailing characters" {
        Some("has too many elements".to_owned())
    } else if is_unparsed(message) {
        Some(unparsed(None, message))
    } else {
        // A message of the user's own `Deserialize` may hold anything.
        None
    };
    told.unwrap_or_else(|| "is not valid".to_owned())
}

/// The part about what was expected. The last one: the value before it may say the same.
fn expected(message: &str) -> Option<Cow<'_, str>> {
    // Nothing was, and what stands before is the caller's.
    if ["there are no fields", "there are no variants"].iter().any(|none| message.ends_with(none)) {
        return None;
    }
    message.rsplit_once(", expected ").map(|(_, expected)| in_words(expected))
}

/// What JSON calls it that serde names first in "invalid type".
fn got_word(got: &str) -> Option<&'static str> {
    let words = [
        ("null", "null"),
        ("boolean", "a boolean"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("string", "a string"),
        ("map", "an object"),
        ("sequence", "an array"),
    ];
    words.iter().find(|(kind, _)| got.starts_with(kind)).map(|(_, word)| *word)
}

/// What serde, its derive, and the standard library's types expect. Else it is the sentence of a type of the function's own.
fn in_words(expected: &str) -> Cow<'_, str> {
    let word = match expected {
        "u8" => "an integer from 0 to 255",
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" | "u128" | "usize" => "a non-negative integer",
        "i8" => "an integer from -128 to 127",
        "i16" => "an integer from -32768 to 32767",
        "i32" => "an integer from -2147483648 to 2147483647",
        "i64" | "i128" | "isize" | "integer with support for saturating semantics" => "an integer",
        "a nonzero u8" => "an integer from 1 to 255",
        "a nonzero u16" => "an integer from 1 to 65535",
        "a nonzero u32" => "an integer from 1 to 4294967295",
        "a nonzero u64" | "a nonzero u128" | "a nonzero usize" => "a positive integer",
        "f32" | "f64" => "a number",
        "bool" => "a boolean",
        "\"true\", \"on\" or \"false\"" => "`true` or `false`",
        "char" => "a character",
        "str" | "string" | "a borrowed string" | "path string" | "a borrowed path" | "os string" => "a string",
        "a sequence" | "sequence" | "byte array" | "a borrowed byte array" => "an array",
        "a map" | "map" => "an object",
        "unit" | "unit struct" => "null",
        "string or map" => "a string or an object",
        "variant identifier" | "field identifier" => "a string",
        "newtype variant" | "tuple variant" | "struct variant" => "an object with this as its key",
        _ => return by_its_start(expected),
    };
    word.into()
}

/// serde's derive goes on with the name of a type and with numbers.
fn by_its_start(expected: &str) -> Cow<'_, str> {
    let elements = |count: &str| format!("an array of {count} element{}", if count == "1" { "" } else { "s" });
    for start in ["a tuple of size ", "an array of length "] {
        if let Some(count) = expected.strip_prefix(start) {
            return elements(count).into();
        }
    }
    if let Some(count) = expected.strip_suffix(" in sequence").and_then(|rest| rest.split(' ').next()) {
        return elements(count).into();
    }
    for (start, word) in [
        ("a nonzero i", "an integer other than 0"),
        ("struct variant ", "an object"),
        ("struct ", "an object"),
        ("tuple variant ", "an array"),
        ("tuple struct ", "an array"),
        ("unit struct ", "null"),
        ("unit variant", "nothing but the name"),
        ("internally tagged enum ", "an object"),
        ("adjacently tagged enum ", "an object"),
        ("enum ", "a string or an object"),
        ("variant of enum ", "a string"),
        ("variant index ", "a string"),
    ] {
        if expected.starts_with(start) {
            return word.into();
        }
    }
    expected.into()
}

/// What the standard library says of a text that is no number, no truth and no character.
fn is_unparsed(message: &str) -> bool {
    [
        "cannot parse integer from empty string",
        "invalid digit found in string",
        "number too large to fit in target type",
        "number too small to fit in target type",
        "number would be zero for non-zero type",
        "cannot parse float from empty string",
        "invalid float literal",
        "provided string was not `true` or `false`",
        "cannot parse char from empty string",
        "too many characters in string",
    ]
    .contains(&message)
}

/// The same, if the type is known that the text was read as.
pub(super) fn unparsed(kind: Option<&str>, message: &str) -> String {
    let is_wide = kind.is_none_or(|kind| matches!(kind, "u64" | "u128" | "i64" | "i128"));
    if is_wide && message.starts_with("number too large") {
        return "is too large".to_owned();
    }
    if is_wide && message.starts_with("number too small") {
        return "is too small".to_owned();
    }
    let expected = match kind {
        Some("bool") => "`true` or `false`".into(),
        Some(kind) => in_words(kind),
        None if message.contains("float") => "a number".into(),
        None if message.contains("`true` or `false`") => "`true` or `false`".into(),
        None if message.contains("char") => "a character".into(),
        None if message.contains("non-zero") => "an integer other than 0".into(),
        None => "an integer".into(),
    };
    format!("expected {expected}")
}

/// What is wrong with the value of this key in a query or a form. The standard library's messages do not name the type, so `T`
/// is asked for it.
pub(super) fn of_key<T: DeserializeOwned>(key: Option<&str>, message: &str) -> String {
    match message {
        // serde_html_form's, for a value where several are.
        "unsupported value" => "occurs more than once".to_owned(),
        "expected unit variant" => "is none of the accepted values".to_owned(),
        unread if is_unparsed(unread) => unparsed(key.and_then(asked_for::<T>), unread),
        other => without_values(other),
    }
}

/// What `T` asks for under this key, if it is one of the plain types.
fn asked_for<T: DeserializeOwned>(key: &str) -> Option<&'static str> {
    let values = MapDeserializer::new(std::iter::once((key, Value)));
    T::deserialize(values).err().and_then(|asked: Asked| asked.0)
}

/// Ends the reading of a `T` as soon as it has asked for a value.
#[derive(Debug)]
struct Asked(Option<&'static str>);

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.unwrap_or("something else"))
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self(None)
    }
}

/// A value that tells what it is asked for.
#[derive(Clone, Copy)]
struct Value;

impl<'de> IntoDeserializer<'de, Asked> for Value {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! tell {
    ($($method:ident => $type:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
            Err(Asked(Some($type)))
        }
    )*};
}

impl<'de> Deserializer<'de> for Value {
    type Error = Asked;

    tell! {
        deserialize_bool => "bool";
        deserialize_i8 => "i8";
        deserialize_i16 => "i16";
        deserialize_i32 => "i32";
        deserialize_i64 => "i64";
        deserialize_i128 => "i128";
        deserialize_u8 => "u8";
        deserialize_u16 => "u16";
        deserialize_u32 => "u32";
        deserialize_u64 => "u64";
        deserialize_u128 => "u128";
        deserialize_f32 => "f32";
        deserialize_f64 => "f64";
        deserialize_char => "char";
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(None))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::once(self)))
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn what_is_expected_is_told_in_words_of_json() {
        for (message, words) in [
            ("invalid type: null, expected struct NewNote at line 1 column 4", "expected an object, got null"),
            ("invalid length 1, expected struct X with 2 elements at line 1 column 3", "expected an object"),
            ("invalid type: string \"x\", expected u8 at line 1", "expected an integer from 0 to 255, got a string"),
            ("invalid type: floating point `1.5`, expected u16", "expected an integer from 0 to 65535"),
            ("invalid value: integer `-1`, expected usize", "expected a non-negative integer"),
            ("invalid value: integer `0`, expected a nonzero u8", "expected an integer from 1 to 255"),
            ("invalid type: integer `1`, expected a string", "expected a string, got a number"),
            ("invalid type: sequence, expected a map", "expected an object, got an array"),
            ("invalid type: map, expected a sequence", "expected an array, got an object"),
            ("invalid type: boolean `true`, expected f64", "expected a number, got a boolean"),
            ("invalid type: string \"\", expected unit", "expected null, got a string"),
            ("invalid length 1, expected a tuple of size 2", "expected an array of 2 elements"),
            ("invalid length 3, expected 1 element in sequence", "expected an array of 1 element"),
            ("invalid type: unit variant, expected newtype variant", "expected an object with this as its key"),
            ("unknown variant `x`, expected `a` or `b`", "expected `a` or `b`"),
            ("invalid value: string \"x\", expected an e-mail address", "expected an e-mail address"),
            ("unknown field `x`, expected one of `a`, `b`", "is unknown: expected one of `a`, `b`"),
            ("data did not match any variant of untagged enum Shape", "has none of the accepted forms"),
        ] {
            assert_eq!(without_values(message), words, "{message}");
        }
    }

    #[test]
    fn what_the_caller_sent_is_not_told() {
        for (message, words) in [
            ("unknown field `x, expected hunter2`, there are no fields", "is unknown"),
            ("unknown variant `x, expected hunter2`, there are no variants", "is not valid"),
            (
                "invalid type: string \"a, expected hunter2\", expected u64",
                "expected a non-negative integer, got a string",
            ),
            ("hunter2: invalid digit found in string", "is not valid"),
            ("hunter2", "is not valid"),
        ] {
            assert_eq!(without_values(message), words, "{message}");
        }
    }

    #[test]
    fn the_type_asks_for_what_stands_under_a_key() {
        #[derive(Debug, Deserialize)]
        struct Wrapped(#[allow(dead_code)] i16);
        #[derive(Debug, Deserialize)]
        #[allow(dead_code)]
        struct Asking {
            small: u8,
            maybe: Option<Wrapped>,
            #[serde(rename = "many[]", default)]
            many: Vec<f32>,
            text: String,
        }
        let asked = ["small", "maybe", "many[]", "text", "other"].map(asked_for::<Asking>);
        assert_eq!(asked, [Some("u8"), Some("i16"), Some("f32"), None, None]);
        assert_eq!(asked_for::<std::collections::HashMap<String, bool>>("any"), Some("bool"));
        assert_eq!(asked_for::<u8>("any"), None);
    }

    #[test]
    fn a_text_that_is_no_number_is_told_with_or_without_its_type() {
        let [digit, large] = ["invalid digit found in string", "number too large to fit in target type"];
        assert_eq!(unparsed(Some("u8"), large), "expected an integer from 0 to 255");
        assert_eq!(unparsed(Some("u64"), digit), "expected a non-negative integer");
        assert_eq!(unparsed(Some("u64"), large), "is too large");
        assert_eq!(without_values(digit), "expected an integer");
        assert_eq!(without_values(large), "is too large");
    }
}
