//! Random calls of functions with one parameter: what each library makes of its text.
//!
//! The rules are exact: each states for which texts Powertools answers otherwise, and what. A call to which no rule applies has the same
//! answer on both sides, and ours is always that which the generator knows.

mod peers;
mod texts;

use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use self::peers::{float_of_python, integer_of_python, number_of_javascript};
use self::texts::{exact_integer, is_json_number, list, number, word};
use super::tools;
use crate::case::Case;
use crate::peer;
use crate::peers::answers::{self, Answered, PEERS, whole_numbers};
use crate::peers::random::{Applied, Random};

const CALLS: usize = 600;

/// A call of the tool of a type.
struct Call {
    tool: &'static str,
    /// The type that the event declares.
    declared: &'static str,
    text: String,
    /// The value that the text is, if it is one of the type.
    value: Option<Value>,
}

impl Call {
    fn random(random: &mut Random) -> Self {
        let tool = random.pick(&["text", "integer", "unsigned", "number", "boolean", "integers", "words"]);
        let (declared, (text, value)) = match tool {
            "text" => {
                let text = word(random);
                let value = json!(text);
                ("string", (text, Some(value)))
            }
            "integer" => {
                ("integer", with(number(random), |text| exact_integer(text, i64::MIN.into(), i64::MAX.into())))
            }
            "unsigned" => ("integer", with(number(random), |text| exact_integer(text, 0, u64::MAX.into()))),
            "number" => ("number", with(number(random), finite)),
            "boolean" => ("boolean", with(word(random), boolean)),
            tool => ("array", list(random, tool == "words")),
        };
        // An agent may have an older schema.
        let declared = if tool != "text" && random.once_in(12) { "string" } else { declared };
        Self { tool, declared, text, value }
    }

    fn case(&self, number: usize) -> Case {
        let parameter = json!({ "name": "value", "type": self.declared, "value": self.text });
        let event = json!({
            "messageVersion": "1.0", "agent": { "name": "a", "id": "1", "alias": "b", "version": "1" }, "inputText": "",
            "sessionId": "1", "sessionAttributes": {}, "promptSessionAttributes": {}, "actionGroup": "group",
            "function": self.tool, "parameters": [parameter],
        });
        Case {
            name: format!("{number}: {} {:?} as {}", self.tool, self.text, self.declared),
            function: "agent".to_owned(),
            event,
        }
    }

    fn is(&self, declared: &str) -> bool {
        self.declared == declared
    }

    /// Returns `true` for an integer that is written as JSON writes one.
    fn is_plain(&self) -> bool {
        let text = self.text.trim();
        is_json_number(text) && !text.contains(['.', 'e', 'E'])
    }
}

fn with(text: String, value: impl Fn(&str) -> Option<Value>) -> (String, Option<Value>) {
    let value = value(text.trim());
    (text, value)
}

fn finite(text: &str) -> Option<Value> {
    let number = text.parse::<f64>().ok().filter(|number| is_json_number(text) && number.is_finite());
    number.map(|number| json!(number))
}

fn boolean(text: &str) -> Option<Value> {
    ["true", "false"].into_iter().find(|word| text.eq_ignore_ascii_case(word)).map(|word| json!(word == "true"))
}

/// A rule of difference: what one library answers, if it answers otherwise than Pilaster.
struct Rule {
    why: &'static str,
    peer: &'static str,
    answers: fn(&Call) -> Option<Value>,
}

/// Text that is not a value of the type is always `REPROMPT` here.
const RULES: [Rule; 17] = [
    Rule {
        why: "python: an integer such as 12.0 stays text",
        peer: "python",
        answers: |call| {
            (call.is("integer") && call.value.is_some() && !call.is_plain()).then(|| json!({ "value": call.text }))
        },
    },
    Rule {
        why: "python: an integer may be out of range, and have a plus, zeros before it and underscores",
        peer: "python",
        answers: |call| {
            let integer = integer_of_python(&call.text).filter(|_| call.is("integer") && call.value.is_none());
            integer.map(|integer| json!({ "value": integer }))
        },
    },
    Rule {
        why: "python: text that is not an integer reaches the function",
        peer: "python",
        answers: |call| {
            let is_text = call.is("integer") && call.value.is_none() && integer_of_python(&call.text).is_none();
            is_text.then(|| json!({ "value": call.text }))
        },
    },
    Rule {
        why: "python: a number may have a plus, zeros before it, underscores and a point at its end",
        peer: "python",
        answers: |call| {
            let float = float_of_python(&call.text).filter(|_| call.is("number") && call.value.is_none());
            float.filter(|float| float.is_finite()).map(|float| json!({ "value": float }))
        },
    },
    Rule {
        why: "python: a number that is not finite is a body that is not JSON",
        peer: "python",
        answers: |call| {
            let float = float_of_python(&call.text).filter(|_| call.is("number"))?;
            let name = if float.is_nan() { "NaN" } else { "Infinity" };
            let sign = if float == f64::NEG_INFINITY { "-" } else { "" };
            (!float.is_finite()).then(|| json!(format!("{{\"value\": {sign}{name}}}")))
        },
    },
    Rule {
        why: "python: text that is not a number reaches the function",
        peer: "python",
        answers: |call| {
            let is_text = call.is("number") && float_of_python(&call.text).is_none();
            is_text.then(|| json!({ "value": call.text }))
        },
    },
    Rule {
        why: "python: true with spaces around it is false",
        peer: "python",
        answers: |call| {
            let is_true = call.is("boolean") && call.value == Some(json!(true));
            (is_true && call.text.trim() != call.text).then(|| json!({ "value": false }))
        },
    },
    Rule { why: "python: text that is not a boolean is false", peer: "python", answers: not_a_boolean },
    Rule { why: "python: a list stays text", peer: "python", answers: as_text_if_array },
    Rule { why: "python: a value declared as text stays text", peer: "python", answers: as_text_if_declared },
    Rule {
        why: "typescript: an integer above 2^53 is the nearest that a double has",
        peer: "typescript",
        answers: |call| {
            let number = number_of_javascript(&call.text).filter(|_| call.is("integer"))?;
            let value = json!({ "value": number });
            (call.value.is_some() && call.value != Some(number)).then_some(value)
        },
    },
    Rule {
        why: "typescript: what JavaScript takes for a number, such as an empty text, is one of any type; null if it is not finite",
        peer: "typescript",
        answers: |call| {
            let is_none = (call.is("integer") || call.is("number")) && call.value.is_none();
            number_of_javascript(&call.text).filter(|_| is_none).map(|number| json!({ "value": number }))
        },
    },
    Rule {
        why: "typescript: text that is not a number reaches the function",
        peer: "typescript",
        answers: |call| {
            let is_number = call.is("integer") || call.is("number");
            (is_number && number_of_javascript(&call.text).is_none()).then(|| json!({ "value": call.text }))
        },
    },
    Rule {
        why: "typescript: true in other letters, or with spaces around it, is false",
        peer: "typescript",
        answers: |call| {
            let is_true = call.is("boolean") && call.value == Some(json!(true));
            (is_true && call.text != "true").then(|| json!({ "value": false }))
        },
    },
    Rule { why: "typescript: text that is not a boolean is false", peer: "typescript", answers: not_a_boolean },
    Rule { why: "typescript: a list stays text", peer: "typescript", answers: as_text_if_array },
    Rule { why: "typescript: a value declared as text stays text", peer: "typescript", answers: as_text_if_declared },
];

fn not_a_boolean(call: &Call) -> Option<Value> {
    (call.is("boolean") && call.value.is_none()).then(|| json!({ "value": false }))
}

fn as_text_if_array(call: &Call) -> Option<Value> {
    call.is("array").then(|| json!({ "value": call.text }))
}

fn as_text_if_declared(call: &Call) -> Option<Value> {
    (call.is("string") && call.tool != "text").then(|| json!({ "value": call.text }))
}

#[tokio::test]
async fn check_33_random_parameters_differ_by_the_rules_alone() {
    let mut random = Random::new(33);
    let calls: Vec<_> = (0..CALLS).map(|_| Call::random(&mut random)).collect();
    let agent = Caller::new(tools().for_bedrock());
    let (mut ours, mut cases) = (Vec::new(), Vec::new());
    for (number, call) in calls.iter().enumerate() {
        let case = call.case(number);
        ours.push(peer::pilaster(agent.clone(), &CapturedMetrics::default(), &case.event).await);
        cases.push((case, PEERS.to_vec()));
    }
    let mut applied = Applied::new(RULES.iter().map(|rule| rule.why));
    for (call, answered) in calls.iter().zip(answers::answers("bedrock", cases, ours)) {
        let Answered { name, theirs, ours, .. } = answered;
        let (state, body) = parts(&ours);
        match &call.value {
            Some(value) => {
                assert_eq!(state, None, "{name}: {body}");
                assert!(same(body, &json!({ "value": value })), "{name}: {body}");
            }
            None => {
                assert_eq!(state, Some("REPROMPT"), "{name}: {body}");
                let sentence = body.as_str().unwrap_or_default();
                assert!(sentence.starts_with("invalid arguments: /value: "), "{name}: {sentence}");
            }
        }
        for (peer, theirs) in &theirs {
            let rules = RULES.iter().filter(|rule| rule.peer == *peer);
            let apply: Vec<_> = rules.filter_map(|rule| Some((rule.why, (rule.answers)(call)?))).collect();
            let (state, their_body) = parts(theirs);
            assert_eq!(state, None, "{name}: {theirs}");
            match apply.as_slice() {
                [] => assert!(same(their_body, body), "{name}: no rule; {peer} answers {their_body}, and we {body}"),
                [(why, expected)] => {
                    assert!(same(their_body, expected), "{name}: {why}; {peer} answers {their_body}");
                    assert!(!same(their_body, body), "{name}: {why}; both answer {body}");
                    applied.count(why);
                }
                several => panic!("{name}: more than one rule applies: {several:?}"),
            }
        }
    }
    applied.check();
}

/// Returns the state and the body of an answer.
fn parts(answer: &Value) -> (Option<&str>, &Value) {
    let response = &answer["answer"]["response"]["functionResponse"];
    (response["responseState"].as_str(), &response["responseBody"]["TEXT"]["body"])
}

/// Compares two bodies. Two integers are compared as such, other numbers as floating-point numbers: 1e18 has several texts.
fn same(left: &Value, right: &Value) -> bool {
    let (mut left, mut right) = (left.clone(), right.clone());
    whole_numbers(&mut left);
    whole_numbers(&mut right);
    match (&left["value"], &right["value"]) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => a.as_f64() == b.as_f64(),
        _ => left == right,
    }
}
