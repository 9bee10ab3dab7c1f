//! The events of a page: recorded events of AWS, each with a few changes.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{file, read, root};

/// An event with which both functions are called.
#[derive(Clone)]
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
                let event = changed(recorded(&case.of), case.with, &case.without);
                Self { name, function: case.function, event }
            })
            .collect()
    }

    /// Reads the events of a file that has one on each line, in their order, each with the names of its field `peers`.
    pub(crate) fn listed(path: &Path) -> Vec<(Self, Option<Vec<String>>)> {
        let mut known = BTreeMap::new();
        let text = read(path);
        let lines = text.lines().enumerate();
        lines
            .map(|(number, line)| {
                let line: Line = serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("{}, line {}: {error}", path.display(), number + 1));
                let event = match (line.event, line.of) {
                    (Some(event), None) => event,
                    (None, Some(of)) => known.get(&of).cloned().unwrap_or_else(|| recorded(&of)),
                    _ => panic!("{} has either `event` or `of`", line.name),
                };
                let event = changed(event, line.with, &line.without);
                let is_known = known.insert(line.name.clone(), event.clone()).is_some();
                assert!(!is_known, "{} is listed twice", line.name);
                (Self { name: line.name, function: line.function, event }, line.peers)
            })
            .collect()
    }
}

/// A line of a file of events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    function: String,
    /// Which of the other libraries get it; all of them if it is left out.
    peers: Option<Vec<String>>,
    /// The event itself.
    event: Option<Value>,
    /// The recorded event, or the name of a line before this one.
    of: Option<String>,
    #[serde(default)]
    with: BTreeMap<String, Value>,
    #[serde(default)]
    without: Vec<String>,
}

/// Reads a recorded event.
fn recorded(name: &str) -> Value {
    serde_json::from_str(&read(&root().join("tests/fixtures/events").join(name))).expect("JSON")
}

/// Returns an event with these members changed and removed.
fn changed(mut event: Value, with: BTreeMap<String, Value>, without: &[String]) -> Value {
    for (pointer, value) in with {
        set(&mut event, &pointer, value);
    }
    for pointer in without {
        let (parent, member) = split(pointer);
        let is_removed = match event.pointer_mut(parent) {
            Some(Value::Object(members)) => members.remove(&member).is_some(),
            Some(Value::Array(items)) => {
                let index = member.parse().ok().filter(|index| *index < items.len());
                index.map(|index: usize| items.remove(index)).is_some()
            }
            _ => false,
        };
        assert!(is_removed, "there is no {pointer}");
    }
    event
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
