//! The answers of the three to the events of a kind, after the normalisation.

use serde_json::{Map, Value, json};

use crate::case::Case;
use crate::meaning::Outcome;
use crate::{file, peer};

/// What another library is called in the files of this folder.
pub(super) const PEERS: [&str; 2] = ["python", "typescript"];

/// Errors of an interpreter, whose texts depend on its version.
const OF_THE_INTERPRETER: [&str; 4] = ["AttributeError", "IndexError", "KeyError", "TypeError"];

/// An event with the answer of each that gets it.
pub(super) struct Answered {
    pub(super) name: String,
    pub(super) event: Value,
    /// The name of the library, and its answer.
    pub(super) theirs: Vec<(&'static str, Value)>,
    pub(super) ours: Value,
}

/// Returns the answers to these events, in their order, with one process for each other library.
pub(super) fn answers(kind: &str, cases: Vec<(Case, Vec<&'static str>)>, ours: Vec<Outcome>) -> Vec<Answered> {
    assert_eq!(cases.len(), ours.len());
    let mut answered: Vec<_> = cases
        .iter()
        .zip(ours)
        .map(|((case, _), ours)| {
            let ours = normalised(&case.event, ours);
            Answered { name: case.name.clone(), event: case.event.clone(), theirs: Vec::new(), ours }
        })
        .collect();
    for name in PEERS {
        let asked: Vec<_> = (0..cases.len()).filter(|index| cases[*index].1.contains(&name)).collect();
        let calls: Vec<_> = asked.iter().map(|index| cases[*index].0.clone()).collect();
        let outcomes = match name {
            "python" => peer::python(&format!("peers/{kind}/functions.py"), &calls),
            _ => peer::node(&format!("peers/{kind}/functions.mjs"), &calls),
        };
        assert_eq!(outcomes.len(), asked.len());
        for (index, outcome) in asked.into_iter().zip(outcomes) {
            let answer = normalised(&cases[index].0.event, outcome);
            answered[index].theirs.push((name, answer));
        }
    }
    answered
}

/// Returns the events of `peers/KIND/events.jsonl`, each with the libraries that get it.
pub(super) fn listed(kind: &str) -> Vec<(Case, Vec<&'static str>)> {
    let cases = Case::listed(&file(&format!("peers/{kind}/events.jsonl")));
    let names = |peers: Option<Vec<String>>| match peers {
        None => PEERS.to_vec(),
        Some(peers) => PEERS.into_iter().filter(|name| peers.iter().any(|peer| peer == name)).collect(),
    };
    cases.into_iter().map(|(case, peers)| (case, names(peers))).collect()
}

/// The normalisation, which README.md states.
fn normalised(event: &Value, outcome: Outcome) -> Value {
    let mut answer = match outcome.result {
        Err(error) => {
            let mut error: Value = serde_json::from_str(&error).expect("the name and the message of an error");
            if error["name"].as_str().is_some_and(|name| OF_THE_INTERPRETER.contains(&name)) {
                error["message"].take();
            }
            return json!({ "failed": error });
        }
        Ok(answer) => answer,
    };
    if answer.get("messageVersion").is_some() {
        for place in ["/response/functionResponse/responseBody", "/response/responseBody"] {
            let bodies = answer.pointer_mut(place).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
            for body in bodies.filter_map(|content| content.get_mut("body")) {
                let value = body.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
                if let Some(value) = value.filter(|value| value.is_object() || value.is_array()) {
                    *body = value;
                }
            }
        }
        for attributes in ["sessionAttributes", "promptSessionAttributes"] {
            if answer.get(attributes).is_none() {
                answer[attributes] = event.get(attributes).cloned().unwrap_or_else(|| json!({}));
            }
        }
    }
    whole_numbers(&mut answer);
    json!({ "answer": answer })
}

/// Writes a number such as 12.0 as 12, as JSON means it.
pub(super) fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
                *value = (float as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(members) => members.values_mut().for_each(whole_numbers),
        _ => {}
    }
}
