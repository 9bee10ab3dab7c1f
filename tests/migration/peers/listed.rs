//! `differences.toml` of a kind: what each answers where the answers differ, and why ours does.
//!
//! An entry names every event, and states the exact values: a difference that is not listed fails the test, and so does a listed one that
//! does not occur, or occurs with another value.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::answers::{Answered, PEERS};
use crate::page::Page;
use crate::{differences, file, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DifferencesFile {
    difference: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Why ours is different: a sentence.
    why: String,
    /// The first cell of the row of the guide, if there is one.
    trap: Option<String>,
    answers: Vec<Answers>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// The names of the events.
    events: Vec<String>,
    /// JSON Pointers into the normalised answer; `""` is the whole one.
    at: Vec<String>,
    /// What Powertools for Python answers there, as JSON, or the word `absent`. Left out if it answers as we do.
    python: Option<String>,
    /// The same for TypeScript.
    typescript: Option<String>,
    /// What Pilaster answers there.
    ours: String,
}

/// An entry for one event, one library and one place.
struct Listed<'a> {
    event: &'a str,
    peer: &'static str,
    at: &'a str,
    theirs: String,
    ours: String,
    occurs: bool,
}

/// Compares the differences between the answers with those of the file.
///
/// # Panics
///
/// If there is another difference than the listed ones, or a listed one does not occur as it is listed.
pub(super) fn check(kind: &str, answered: &[Answered]) {
    let name = format!("peers/{kind}/differences.toml");
    let list = of_file(&name);
    let (mut listed, mut wrong) = entries(&list);
    for Answered { name, theirs, ours, .. } in answered {
        for (peer, theirs) in theirs {
            let mut entries: Vec<_> =
                listed.iter_mut().filter(|listed| listed.event == name && listed.peer == *peer).collect();
            for entry in &mut entries {
                let found = (text(theirs.pointer(entry.at)), text(ours.pointer(entry.at)));
                entry.occurs = found == (entry.theirs.clone(), entry.ours.clone()) && found.0 != found.1;
                if !entry.occurs {
                    wrong.push(format!("{name} at {:?}: {peer} answers {}, and we {}", entry.at, found.0, found.1));
                }
            }
            for at in places(theirs, ours) {
                // A place is listed by itself, or by one around it.
                let around = entries.iter().filter(|entry| at == entry.at || at.starts_with(&format!("{}/", entry.at)));
                match around.count() {
                    1 => {}
                    0 => {
                        let (theirs, ours) = (text(theirs.pointer(&at)), text(ours.pointer(&at)));
                        wrong.push(format!("{name} at {at:?} is not listed: {peer} answers {theirs}, and we {ours}"));
                    }
                    _ => wrong.push(format!("{name} at {at:?} of {peer} is listed twice")),
                }
            }
        }
    }
    for Listed { event, peer, at, .. } in listed.iter().filter(|listed| !listed.occurs) {
        wrong.push(format!("{event} at {at:?} of {peer} is listed, and does not occur as listed"));
    }
    assert!(wrong.is_empty(), "{name}: {} mistakes:\n{}", wrong.len(), wrong.join("\n"));
}

fn of_file(name: &str) -> Vec<Entry> {
    let list: DifferencesFile = toml::from_str(&read(&file(name))).unwrap_or_else(|error| panic!("{name}: {error}"));
    list.difference
}

/// Returns the entries by event, library and place, and what is wrong with the list.
fn entries(list: &[Entry]) -> (Vec<Listed<'_>>, Vec<String>) {
    let (mut listed, mut wrong) = (Vec::new(), Vec::new());
    for Entry { why, answers, .. } in list {
        if why.split_whitespace().count() < 4 || answers.is_empty() {
            wrong.push(format!("an entry needs a reason and answers: {why:?}"));
        }
        for Answers { events, at, python, typescript, ours } in answers {
            if events.is_empty() || at.is_empty() || (python.is_none() && typescript.is_none()) {
                wrong.push(format!("{events:?} at {at:?} needs events, places and the answer of another library"));
            }
            for (peer, theirs) in PEERS.into_iter().zip([python, typescript]) {
                let Some(theirs) = theirs else { continue };
                for (event, at) in events.iter().flat_map(|event| at.iter().map(move |at| (event, at))) {
                    let (theirs, ours) = (canonical(theirs), canonical(ours));
                    listed.push(Listed { event, peer, at, theirs, ours, occurs: false });
                }
            }
        }
    }
    (listed, wrong)
}

/// Returns the JSON of an entry without its white space.
fn canonical(value: &str) -> String {
    match value {
        "absent" => value.to_owned(),
        json => serde_json::from_str::<Value>(json).unwrap_or_else(|error| panic!("{json}: {error}")).to_string(),
    }
}

fn text(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), Value::to_string)
}

/// Returns the places where two answers differ.
fn places(theirs: &Value, ours: &Value) -> Vec<String> {
    let mut places = Vec::new();
    differences::compare("", Some(theirs), Some(ours), &mut |at, _, _| places.push(at));
    places
}

/// Fails unless each of these recorded events is one of the events of the kind.
pub(super) fn has_recorded(kind: &str, recorded: &[&str]) {
    let text = read(&file(&format!("peers/{kind}/events.jsonl")));
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let names: BTreeSet<_> = lines
        // As it was recorded: with no changes.
        .filter(|line| line.get("with").is_none() && line.get("without").is_none())
        .filter_map(|line| line["of"].as_str().map(str::to_owned))
        .collect();
    for event in recorded {
        assert!(names.contains(*event), "peers/{kind}/events.jsonl lacks the recorded event {event}");
    }
}

/// The entries and the rows of the guide have the same names.
#[test]
fn each_row_of_the_guide_is_shown_by_an_entry() {
    let rows: BTreeSet<_> = Page::read("powertools-utilities.md").traps().into_iter().collect();
    let lists = ["appsync", "channels", "bedrock"].map(|kind| of_file(&format!("peers/{kind}/differences.toml")));
    let traps: BTreeSet<_> = lists.into_iter().flatten().filter_map(|entry| entry.trap).collect();
    assert_eq!(traps, rows);
}
