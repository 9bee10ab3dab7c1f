//! Brings a line that is too long below what CloudWatch Logs takes, so that it arrives as one event and stays JSON.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::{CUT, write_str};

/// The largest line: 256 KB less the 26 bytes that
/// [CloudWatch Logs](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html) counts for each.
///
/// That page allows an event of 1 MB since April 2025. Lambda was seen to divide a line at 256 KB less 26 bytes on its way there,
/// and nothing says that it no longer does, so a line is kept below what arrives as one event by either.
pub(super) const MAX_LINE: usize = 256 * 1024 - 26;

/// Cuts a line with its line break at [`MAX_LINE`]. JSON stays JSON: the longest values are cut first, and become strings if
/// they were none; only a line of very many keys loses the last of them.
pub(super) fn bound(line: &mut Vec<u8>, is_json: bool) {
    if line.len() <= MAX_LINE {
        return;
    }
    let cut = match is_json {
        true => bounded_json(line),
        false => None,
    };
    match cut {
        Some(shorter) => *line = shorter,
        None => {
            let text = String::from_utf8_lossy(line);
            let end = text.floor_char_boundary(MAX_LINE - CUT.len() - 1);
            *line = format!("{}{CUT}\n", &text[..end]).into_bytes();
        }
    }
}

fn bounded_json(line: &[u8]) -> Option<Vec<u8>> {
    let entries = serde_json::from_slice::<Entries<'_>>(line).ok()?.0;
    let mut limit = MAX_LINE / 2;
    loop {
        let shorter = with_values_below(limit, &entries);
        if shorter.len() <= MAX_LINE {
            return Some(shorter);
        }
        if limit < 256 {
            return with_first_keys(&entries);
        }
        limit /= 2;
    }
}

fn with_values_below(limit: usize, entries: &[(Cow<'_, str>, &RawValue)]) -> Vec<u8> {
    let mut line = vec![b'{'];
    for (key, value) in entries {
        write_entry(&mut line, key, value, limit);
    }
    line.extend_from_slice(b"}\n");
    line
}

/// As many keys as fit: the line's own come first.
fn with_first_keys(entries: &[(Cow<'_, str>, &RawValue)]) -> Option<Vec<u8>> {
    const END: &[u8] = b",\"truncated\":true}\n";
    let mut line = vec![b'{'];
    for (key, value) in entries {
        let len = line.len();
        write_entry(&mut line, key, value, 256);
        if line.len() + END.len() > MAX_LINE {
            line.truncate(len);
            break;
        }
    }
    line.extend_from_slice(END);
    Some(line)
}

fn write_entry(line: &mut Vec<u8>, key: &str, value: &RawValue, limit: usize) {
    if line.len() > 1 {
        line.push(b',');
    }
    write_str(line, key);
    line.push(b':');
    let json = value.get();
    if json.len() <= limit {
        line.extend_from_slice(json.as_bytes());
        return;
    }
    let text = serde_json::from_str::<Cow<'_, str>>(json).unwrap_or(Cow::Borrowed(json));
    let end = text.floor_char_boundary(limit);
    write_str(line, &format!("{}{CUT}", &text[..end]));
}

/// An object's keys and values in their order.
pub(super) struct Entries<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn bounded(line: &str) -> Value {
        let mut line = format!("{line}\n").into_bytes();
        bound(&mut line, true);
        assert!(line.len() <= MAX_LINE);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn the_longest_values_are_cut_and_the_others_kept() {
        let long = "ü\"\n".repeat(100_000);
        let json = bounded(&serde_json::json!({"message": long, "b": vec![1.5; 90_000], "c": {"d": 1}}).to_string());
        assert!(json["message"].as_str().unwrap().ends_with(CUT));
        assert!(json["b"].as_str().unwrap().starts_with("[1.5,1.5,"), "a value that was no string became one");
        assert_eq!(json["c"]["d"], 1);
    }

    #[test]
    fn a_line_of_too_many_keys_loses_its_last_ones_and_says_so() {
        let keys = (0..60_000).map(|n| format!(r#","key{n}":{n}"#)).collect::<String>();
        let json = bounded(&format!(r#"{{"level":"INFO"{keys}}}"#));
        assert_eq!(json["level"], "INFO");
        assert_eq!(json["truncated"], true);
        assert_eq!(json["key59999"], Value::Null);
    }

    #[test]
    fn text_is_cut_at_a_character() {
        let mut line = format!("{}\n", "ü".repeat(200_000)).into_bytes();
        bound(&mut line, false);
        let text = String::from_utf8(line).unwrap();
        assert!(text.len() <= MAX_LINE && text.ends_with("... [truncated]\n"));
    }
}
