//! Locates the fault in an event, by decoding one of its members after the other.
//!
//! `serde_path_to_error` would need a second copy of the code that decodes an event: 45 KB of each function for events
//! that no source sends.

use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::core::json::members::members;

/// The maximum depth of the search; an event has no deeper fields.
const DEPTH: usize = 16;

/// Returns the steps to the innermost value that makes JSON text wrong, where `is_right` decodes such a text: names,
/// and items as `[0]`. If only the whole is wrong, returns the steps to that, and the name that occurs twice in it, if
/// one does.
pub(super) fn path(text: &str, is_right: fn(&str) -> bool) -> Vec<String> {
    let (mut steps, mut before, mut after, mut rest) = (Vec::new(), String::new(), String::new(), text);
    while steps.len() < DEPTH {
        // The enclosing text of objects and lists, without their other members.
        let is_wrong = |inner: &str| !is_right(&format!("{before}{inner}{after}"));
        let (step, open, close, value) = match rest.as_bytes().first() {
            Some(b'[') if !is_wrong("[]") => {
                let items: Vec<&RawValue> = serde_json::from_str(rest).unwrap_or_default();
                match items.iter().enumerate().find(|(_, item)| is_wrong(&format!("[{item}]"))) {
                    Some((at, item)) => (format!("[{at}]"), "[".to_owned(), "]", item.get()),
                    None => break,
                }
            }
            Some(b'{') if !is_wrong("{}") => {
                let members = members(rest).unwrap_or_default();
                let open = |name: &str| format!("{{{}:", serde_json::to_string(name).unwrap_or_default());
                match members.iter().find(|(name, value)| is_wrong(&format!("{}{value}}}", open(name)))) {
                    Some((name, value)) => (name.clone().into_owned(), open(name), "}", value.get()),
                    None => {
                        let mut known = HashSet::new();
                        let twice = members.iter().find(|(name, _)| !known.insert(&**name));
                        steps.extend(twice.map(|(name, _)| name.clone().into_owned()));
                        break;
                    }
                }
            }
            // It is of the wrong type altogether.
            _ => break,
        };
        steps.push(step);
        before.push_str(&open);
        after.insert_str(0, close);
        rest = value;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(text: &str) -> String {
        use std::collections::BTreeMap;
        type Numbers = BTreeMap<String, Vec<BTreeMap<String, u8>>>;
        path(text, |text| serde_json::from_str::<Numbers>(text).is_ok()).join("/")
    }

    #[test]
    fn the_innermost_value_that_is_wrong_is_found() {
        assert_eq!(located(r#"{"a":[{"b":1},{"c":2,"d":"x","e":"y"}],"f":5}"#), "a/[1]/d");
        assert_eq!(located(r#"{"a":[],"f\n":5}"#), "f\n");
        assert_eq!(located(r#"{"a":{"b":[5]}}"#), "a");
        assert_eq!(located("5"), "");
        assert_eq!(located(r#"{"a":[{"b":"#), "");
    }

    #[test]
    fn a_name_that_occurs_twice_is_found() {
        #[derive(serde::Deserialize)]
        #[allow(dead_code)]
        struct Once {
            a: Option<u8>,
        }
        let is_right = |text: &str| serde_json::from_str::<Once>(text).is_ok();
        assert_eq!(path(r#"{"b":1,"a":1,"a":2}"#, is_right), ["a"]);
    }
}
