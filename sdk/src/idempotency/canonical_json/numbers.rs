//! What a JSON text says of its numbers and `serde_json` does not keep: an integer of more than 64 bits becomes a float, and so does
//! `-0`, which is the integer 0 in Python.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::python_float;

/// From here on a float may be an integer of which the parser did not keep the digits.
const LARGE: f64 = 9_223_372_036_854_775_808.0; // 2^63

/// The numbers of a text that are 2^63 or more, by the bits of the float that they are read as: what Python writes for each, or `None`
/// where two that it writes differently are read as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Large(BTreeMap<u64, Option<Box<str>>>);

impl Large {
    /// Whether a float is of the kind that is kept here.
    pub(crate) fn holds(float: f64) -> bool {
        float.abs() >= LARGE
    }

    /// What Python writes for it.
    pub(crate) fn python(&self, float: f64) -> Option<&str> {
        self.0.get(&float.to_bits())?.as_deref()
    }

    /// Whether it was written as a float.
    pub(crate) fn is_float(&self, float: f64) -> bool {
        self.python(float).is_some_and(|text| text.contains('e'))
    }

    /// Adds those of another text.
    pub(crate) fn extend(&mut self, other: Self) {
        for (bits, text) in other.0 {
            match text {
                Some(text) => self.note(bits, text),
                None => drop(self.0.insert(bits, None)),
            }
        }
    }

    fn note(&mut self, bits: u64, text: Box<str>) {
        match self.0.entry(bits) {
            Entry::Vacant(place) => drop(place.insert(Some(text))),
            Entry::Occupied(mut place) if place.get().as_ref() != Some(&text) => drop(place.insert(None)),
            Entry::Occupied(_) => {}
        }
    }
}

/// A JSON text as `serde_json` has to be given it, and its large numbers. What is no JSON stays what it is.
pub(crate) fn read(text: &str) -> (Cow<'_, str>, Large) {
    let (mut large, mut zeros) = (Large::default(), Vec::new());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
                let token = &text[at..at + length];
                match token {
                    "-0" => zeros.push(at),
                    _ => note(token, &mut large),
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if zeros.is_empty() {
        return (Cow::Borrowed(text), large);
    }
    // Of the same length, so that an error of the parser names the same place.
    let mut positive = text.to_owned();
    for at in zeros {
        positive.replace_range(at..at + 1, " ");
    }
    (Cow::Owned(positive), large)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Behind the quote at its end.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn note(token: &str, large: &mut Large) {
    let is_float = token.contains(['.', 'e', 'E']);
    // Fewer digits than 2^63 has.
    if (!is_float && token.len() < 19) || token.parse::<i64>().is_ok() || token.parse::<u64>().is_ok() {
        return;
    }
    let Some(float) = token.parse::<f64>().ok().filter(|float| float.is_finite() && Large::holds(*float)) else {
        return;
    };
    let text = match is_float {
        true => {
            let mut text = String::new();
            python_float(float, &mut text);
            text.into()
        }
        false => token.into(),
    };
    large.note(float.to_bits(), text);
}
