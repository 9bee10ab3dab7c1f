//! Numbers of a JSON text that `serde_json` does not keep as they were written: an integer of more than 64 bits becomes
//! a float, and so does `-0`, which is the integer 0 in Python.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The value from which a float may be an integer whose digits the parser did not keep: 2^63.
const LARGE: f64 = 9_223_372_036_854_775_808.0;

/// The form in which a large number was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Written {
    Float,
    /// Its digits, with the sign.
    Integer(Box<str>),
}

/// The numbers of a text that are 2^63 or more, by the bits of the float that they are read as. `None` stands for two
/// numbers that were written differently and are read as one float.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LargeNumbers(BTreeMap<u64, Option<Written>>);

impl LargeNumbers {
    /// Returns `true` if a float is large enough to be recorded here.
    pub(crate) fn includes(float: f64) -> bool {
        float.abs() >= LARGE
    }

    /// Returns the form in which the float was written, if that is known.
    pub(crate) fn written(&self, float: f64) -> Option<&Written> {
        self.0.get(&float.to_bits())?.as_ref()
    }

    /// Adds the numbers of another text.
    pub(crate) fn extend(&mut self, other: Self) {
        for (bits, written) in other.0 {
            match written {
                Some(written) => self.add(bits, written),
                None => drop(self.0.insert(bits, None)),
            }
        }
    }

    fn add(&mut self, bits: u64, written: Written) {
        match self.0.entry(bits) {
            Entry::Vacant(entry) => drop(entry.insert(Some(written))),
            Entry::Occupied(mut entry) if entry.get().as_ref() != Some(&written) => drop(entry.insert(None)),
            Entry::Occupied(_) => {}
        }
    }
}

/// Returns the text for `serde_json` to parse, with each `-0` as `0`, and the text's large numbers. The text need not
/// be JSON.
pub(crate) fn read(text: &str) -> (Cow<'_, str>, LargeNumbers) {
    let (mut large, mut zeros) = (LargeNumbers::default(), Vec::new());
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
                    _ => add(token, &mut large),
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if zeros.is_empty() {
        return (Cow::Borrowed(text), large);
    }
    // Of the same length, so that the parser's errors name the same place.
    let mut positive = text.to_owned();
    for at in zeros {
        positive.replace_range(at..at + 1, " ");
    }
    (Cow::Owned(positive), large)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Returns the position behind the closing quote.
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

fn add(token: &str, large: &mut LargeNumbers) {
    let is_float = token.contains(['.', 'e', 'E']);
    // 2^63 has 19 digits.
    if (!is_float && token.len() < 19) || token.parse::<i64>().is_ok() || token.parse::<u64>().is_ok() {
        return;
    }
    if let Some(float) = token.parse::<f64>().ok().filter(|float| float.is_finite() && LargeNumbers::includes(*float)) {
        large.add(float.to_bits(), if is_float { Written::Float } else { Written::Integer(token.into()) });
    }
}
