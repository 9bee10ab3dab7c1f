//! [`write`]: an element of XML from a value of JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::core::error::BoxError;

/// Writes the value as an element of this name.
///
/// # Errors
///
/// The name is not one of an element, or a text holds a character that XML does not allow.
pub(super) fn write(xml: &mut String, name: &str, value: &RawValue) -> Result<(), BoxError> {
    if !is_name(name) {
        return Err(
            "XML needs a name of an element for the root and for each member: letters, digits, `-`, `_` and `.`".into(),
        );
    }
    let start = xml.len();
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    let content = xml.len();
    // Numbers stay as they are written: no digit is lost.
    match value.get().as_bytes().first() {
        Some(b'{') => {
            for (name, value) in read::<Members<'_>>(value)?.0 {
                write(xml, &name, value)?;
            }
        }
        Some(b'[') => {
            for value in read::<Vec<&RawValue>>(value)? {
                write(xml, "item", value)?;
            }
        }
        Some(b'"') => push_text(xml, &read::<String>(value)?)?,
        _ if value.get() == "null" => {}
        _ => xml.push_str(value.get()),
    }
    if xml.len() == content {
        xml.truncate(start);
        xml.push('<');
        xml.push_str(name);
        xml.push_str("/>");
        return Ok(());
    }
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
    Ok(())
}

fn read<'v, T: Deserialize<'v>>(value: &'v RawValue) -> Result<T, BoxError> {
    Ok(serde_json::from_str(value.get())?)
}

/// Appends a text. A line break is a reference where a parser would change it
/// ([2.11](https://www.w3.org/TR/xml/#sec-line-ends)).
fn push_text(xml: &mut String, text: &str) -> Result<(), BoxError> {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            // `]]>` is not allowed in a text.
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => xml.push(character),
            _ => return Err("a text of the value holds a character that XML 1.0 does not allow".into()),
        }
    }
    Ok(())
}

/// Returns whether this is a name without a namespace; a part of what XML allows
/// ([2.3](https://www.w3.org/TR/xml/#NT-Name)).
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// The members of an object, in their order.
struct Members<'v>(Vec<(String, &'v RawValue)>);

impl<'v> Deserialize<'v> for Members<'v> {
    fn deserialize<D: Deserializer<'v>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'v> Visitor<'v> for Reader {
            type Value = Members<'v>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'v>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
