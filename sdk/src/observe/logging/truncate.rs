//! Truncates a line that is longer than an event of CloudWatch Logs, so that it arrives as one event and stays JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::write_str;
use crate::core::json::members::members;

/// The suffix of a truncated value.
pub(super) const CUT: &str = "... [truncated]";

/// The maximum size of a line: 256 KB less the 26 bytes that
/// [CloudWatch Logs](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html) counts
/// for each.
///
/// Since April 2025, that page allows events of 1 MB. Lambda was observed to split lines at 256 KB less 26 bytes before
/// they arrive there, and this is not documented to have changed, so a line stays below both limits.
pub(super) const MAX_LINE: usize = 256 * 1024 - 26;

/// Truncates a line, with its line break, to [`MAX_LINE`]. JSON stays JSON: the longest values are truncated first, and
/// become strings if they were not; only a line of very many keys loses its last keys.
pub(super) fn truncate(line: &mut Vec<u8>, is_json: bool) {
    if line.len() <= MAX_LINE {
        return;
    }
    let shorter = match is_json {
        true => truncated_json(line),
        false => None,
    };
    match shorter {
        Some(shorter) => *line = shorter,
        None => {
            let text = String::from_utf8_lossy(line);
            let end = text.floor_char_boundary(MAX_LINE - CUT.len() - 1);
            *line = format!("{}{CUT}\n", &text[..end]).into_bytes();
        }
    }
}

fn truncated_json(line: &[u8]) -> Option<Vec<u8>> {
    let entries = members(std::str::from_utf8(line).ok()?).ok()?;
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

/// Keeps as many keys as fit, from the first on: the reserved keys come first.
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn truncated(line: &str) -> Value {
        let mut line = format!("{line}\n").into_bytes();
        truncate(&mut line, true);
        assert!(line.len() <= MAX_LINE);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn the_longest_values_are_cut_and_the_others_kept() {
        let long = "ü\"\n".repeat(100_000);
        let json = truncated(&serde_json::json!({"message": long, "b": vec![1.5; 90_000], "c": {"d": 1}}).to_string());
        assert!(json["message"].as_str().unwrap().ends_with(CUT));
        assert!(json["b"].as_str().unwrap().starts_with("[1.5,1.5,"), "a value that was not a string became one");
        assert_eq!(json["c"]["d"], 1);
    }

    #[test]
    fn a_line_of_too_many_keys_loses_its_last_ones_and_is_marked() {
        let keys = (0..60_000).map(|n| format!(r#","key{n}":{n}"#)).collect::<String>();
        let json = truncated(&format!(r#"{{"level":"INFO"{keys}}}"#));
        assert_eq!(json["level"], "INFO");
        assert_eq!(json["truncated"], true);
        assert_eq!(json["key59999"], Value::Null);
    }

    #[test]
    fn text_is_cut_at_a_character() {
        let mut line = format!("{}\n", "ü".repeat(200_000)).into_bytes();
        truncate(&mut line, false);
        let text = String::from_utf8(line).unwrap();
        assert!(text.len() <= MAX_LINE && text.ends_with("... [truncated]\n"));
    }
}
