//! The events of a page: recorded events of AWS, each with a few changes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{file, read, root};

/// An event with which both functions are called.
pub(crate) struct Case {
    /// The name of its file, without the extension.
    pub(crate) name: String,
    /// The function that gets it.
    pub(crate) function: String,
    pub(crate) event: Value,
}

/// A file in the folder `events` of a page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    function: String,
    /// The recorded event, in `tests/fixtures/events`.
    of: String,
    /// Its changed members, by JSON Pointer. The position behind the last item of a list appends to it.
    #[serde(default)]
    with: BTreeMap<String, Value>,
    /// Its removed members, by JSON Pointer.
    #[serde(default)]
    without: Vec<String>,
}

impl Case {
    /// Reads the events of a folder, sorted by name.
    pub(crate) fn all(folder: &str) -> Vec<Self> {
        let entries = std::fs::read_dir(file(folder).join("events")).expect("a folder of events");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        assert!(paths.len() >= 10, "{folder} has at least ten events");
        paths
            .iter()
            .map(|path| {
                let text = read(path);
                let case: CaseFile =
                    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                let mut event: Value =
                    serde_json::from_str(&read(&root().join("tests/fixtures/events").join(&case.of))).expect("JSON");
                for (pointer, value) in case.with {
                    set(&mut event, &pointer, value);
                }
                for pointer in &case.without {
                    let (parent, member) = split(pointer);
                    let removed = event
                        .pointer_mut(parent)
                        .and_then(Value::as_object_mut)
                        .and_then(|parent| parent.remove(&member));
                    assert!(removed.is_some(), "{name}: there is no {pointer}");
                }
                Self { name, function: case.function, event }
            })
            .collect()
    }
}

fn split(pointer: &str) -> (&str, String) {
    let (parent, member) = pointer.rsplit_once('/').expect("a JSON Pointer");
    (parent, member.replace("~1", "/").replace("~0", "~"))
}

fn set(event: &mut Value, pointer: &str, value: Value) {
    let (parent, member) = split(pointer);
    match event.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.insert(member, value)),
        Some(Value::Array(items)) => {
            let index: usize = member.parse().expect("a position");
            match items.get_mut(index) {
                Some(item) => *item = value,
                None => items.push(value),
            }
        }
        _ => panic!("the event has no object at {parent}"),
    }
}
