//! Translates serde's messages for clients: into terms of JSON and forms, and without the value that was sent.
//!
//! serde's messages contain both Rust's terms and the value, so only known messages are translated; any other becomes
//! "is invalid".

#[cfg(feature = "http")]
mod expected_type;
#[cfg(all(test, feature = "http"))]
mod tests;

use std::borrow::Cow;

#[cfg(feature = "http")]
use serde::de::DeserializeOwned;

#[cfg(feature = "http")]
use self::expected_type::expected_type;
use super::found;

/// Returns a JSON Pointer to the field that is missing or duplicated; serde reports both at the object that contains it.
pub(crate) fn field_of(mut pointer: String, message: &str) -> String {
    let named = message.strip_prefix("missing field `").or(message.strip_prefix("duplicate field `"));
    if let Some(field) = named.and_then(|rest| rest.split('`').next()) {
        super::push_step(&mut pointer, field);
    }
    pointer
}

/// Returns serde's message without the place in the text at its end. The value in it may look like one.
pub(crate) fn without_place(message: &str) -> &str {
    let is_place = |place: &str| place.chars().all(|c| c.is_ascii_digit() || " column".contains(c));
    message.rsplit_once(" at line ").filter(|(_, place)| is_place(place)).map_or(message, |(message, _)| message)
}

/// Translates serde's message and omits the value.
pub(crate) fn without_values(message: &str) -> String {
    let message = without_place(message);
    let translated = if message.starts_with("missing field") {
        Some("is missing".to_owned())
    } else if message.starts_with("duplicate field") {
        Some("must occur only once".to_owned())
    } else if message.starts_with("unknown field") {
        Some(
            expected(message)
                .map_or_else(|| "unknown field".to_owned(), |text| format!("unknown field, expected {text}")),
        )
    } else if let Some(got) = message.strip_prefix("invalid type: ") {
        expected(message).map(|text| {
            match json_type(got).filter(|got| !(*got == "a number" && text.contains("integer"))) {
                Some(got) => format!("expected {text}, got {got}"),
                None => format!("expected {text}"),
            }
        })
    } else if message.starts_with("invalid value: expected key") {
        Some("every key must be a number".to_owned())
    } else if ["invalid value", "invalid length", "unknown variant"].iter().any(|kind| message.starts_with(kind)) {
        expected(message).map(|text| format!("expected {text}"))
    } else if message.starts_with("data did not match any variant") || message.starts_with("no variant of enum") {
        Some("does not match any of the accepted forms".to_owned())
    } else if message == "expected value" {
        Some("is not one of the accepted values".to_owned())
    } else if message == "trailing characters" {
        Some("has too many elements".to_owned())
    } else if is_unparsed(message) {
        Some(unparsed(None, message))
    } else {
        // A message of the user's own `Deserialize` may contain anything.
        of_known_type(message).map(str::to_owned)
    };
    translated.unwrap_or_else(|| "is invalid".to_owned())
}

/// Returns the translation of what the type expected.
fn expected(message: &str) -> Option<Cow<'_, str>> {
    super::expected(message).map(translate)
}

/// Returns what the type of a value expected, without what it was: in a query, each value is a text.
#[cfg(feature = "http")]
pub(crate) fn expected_in(message: &str) -> String {
    expected(message).map_or_else(|| "is invalid".to_owned(), |text| format!("expected {text}"))
}

/// Returns the JSON type of the value that serde found.
fn json_type(got: &str) -> Option<&'static str> {
    Some(match found(got)? {
        "null" => "null",
        "boolean" => "a boolean",
        "integer" | "floating point" => "a number",
        "string" => "a string",
        "map" => "an object",
        "sequence" => "an array",
        _ => return None,
    })
}

/// Returns the messages of common types that parse a text.
fn of_known_type(message: &str) -> Option<&'static str> {
    [
        ("UUID parsing failed", "expected a UUID"),
        ("invalid IP address syntax", "expected an IP address"),
        ("invalid IPv4 address syntax", "expected an IPv4 address"),
        ("invalid IPv6 address syntax", "expected an IPv6 address"),
    ]
    .iter()
    .find(|(start, _)| message.starts_with(start))
    .map(|(_, translated)| *translated)
}

/// Translates what serde, its derive, and the standard library's types expect. Any other text comes from the function's
/// own type.
fn translate(expected: &str) -> Cow<'_, str> {
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
        "a formatted UUID string" => "a UUID",
        "relative URL without a base" => "an absolute URL",
        _ => return translate_start(expected),
    };
    word.into()
}

/// Translates texts of serde's derive that end with a type name or with numbers.
fn translate_start(expected: &str) -> Cow<'_, str> {
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
        ("unit variant", "only the name"),
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

/// Returns `true` for the standard library's messages about a text that is not a number, a boolean or a character.
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

/// Translates such a message; `kind` is the type that the text was parsed as, if it is known.
pub(crate) fn unparsed(kind: Option<&str>, message: &str) -> String {
    let is_wide = kind.is_none_or(|kind| matches!(kind, "u64" | "u128" | "i64" | "i128"));
    if is_wide && message.starts_with("number too large") {
        return "is too large".to_owned();
    }
    if is_wide && message.starts_with("number too small") {
        return "is too small".to_owned();
    }
    let expected = match kind {
        Some("bool") => "`true` or `false`".into(),
        Some(kind) => translate(kind),
        None if message.contains("float") => "a number".into(),
        None if message.contains("`true` or `false`") => "`true` or `false`".into(),
        None if message.contains("char") => "a character".into(),
        None if message.contains("non-zero") => "an integer other than 0".into(),
        None => "an integer".into(),
    };
    format!("expected {expected}")
}

/// Translates the message about the value of a key in a query or a form. The standard library's messages do not name
/// the type, which is that of the field in `T`.
#[cfg(feature = "http")]
pub(crate) fn of_key<T: DeserializeOwned>(key: Option<&str>, message: &str) -> String {
    match message {
        // The message of serde_html_form for several values where one is expected.
        "unsupported value" => "must occur only once".to_owned(),
        "expected unit variant" => "is not one of the accepted values".to_owned(),
        unread if is_unparsed(unread) => unparsed(key.and_then(expected_type::<T>), unread),
        other => without_values(other),
    }
}
