//! Inputs that are not an order, or more than that: nothing of them reaches a choice of the state machine.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::machine::{self, Execution, Failure, execute};
use super::{input, payment, shop, step, units};

const FIELDS: [&str; 6] = ["id", "product", "quantity", "total", "card", "country"];

/// Collects the members that the paths of a definition begin with: `refund_failure` of `$.refund_failure.Error`.
fn members(of: &Value, found: &mut BTreeSet<String>) {
    match of {
        Value::String(path) => {
            if let Some(path) = path.strip_prefix("$.") {
                found.extend(path.split('.').map(str::to_owned));
            }
        }
        Value::Object(fields) => fields.values().for_each(|value| members(value, found)),
        Value::Array(values) => values.iter().for_each(|value| members(value, found)),
        _ => {}
    }
}

/// Executes an order, of which a step fails or none, and returns everything that can be seen of it.
async fn run(input: Value, failing: Option<&str>) -> Value {
    let (shop, table) = shop().await;
    let call = async |name: String, input: Value| match failing {
        Some(failing) if failing == name => Err(Failure::new("Lambda.Unknown", "the process ended")),
        _ => {
            let mut progress = step(&shop, &name, &input).await?;
            progress["intended_at"] = json!("the time of this run");
            Ok(progress)
        }
    };
    let Execution { states, output, notified, .. } = execute("o-1", input, call).await;
    json!([states, output, notified, units(&table).await, payment(&table, "o-1").await])
}

#[tokio::test]
async fn what_the_input_adds_to_an_order_changes_nothing() {
    let mut found = BTreeSet::new();
    members(&machine::definition(), &mut found);
    for name in ["order", "failure", "Error", "refund", "refund_failure", "release_failure", "shipment", "outcome"] {
        assert!(found.contains(name), "{name}: {found:?}");
    }
    found.extend(["charge", "reservation", "error", "$", "$$", "Execution"].map(str::to_owned));
    found.retain(|name| !FIELDS.contains(&name.as_str()));
    let failure = json!({ "Error": "CardDeclined", "Cause": "a hostile one", "tracking": "DE-o-2", "id": "o-2" });
    for changes in [
        json!({}),
        json!({ "card": "tok_declined" }),
        json!({ "card": "tok_lost" }),
        json!({ "country": "AQ" }),
        json!({ "quantity": 101 }),
        json!({ "quantity": 0 }),
    ] {
        for failing in [None, Some("Ship"), Some("Refund"), Some("Release")] {
            let expected = run(input(changes.clone()), failing).await;
            for name in &found {
                for value in [failure.clone(), json!(null), json!(true), json!("OrderCancelled"), json!([failure])] {
                    let mut hostile = input(changes.clone());
                    hostile[name] = value;
                    assert_eq!(run(hostile.clone(), failing).await, expected, "{failing:?}: {hostile}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_input_that_is_no_order_reaches_the_operator_without_its_content() {
    let mut inputs =
        vec![json!(null), json!("tok_visa"), json!([{ "id": "o-1" }]), json!({ "order": input(json!({})) })];
    for field in FIELDS {
        let mut order = input(json!({ "note": "tok_visa" }));
        order.as_object_mut().expect("an object").remove(field);
        inputs.push(order);
    }
    let failure = &machine::definition()["States"]["InvalidOrder"]["Result"]["failure"];
    for input in inputs {
        let seen = run(input.clone(), None).await;
        assert_eq!(
            seen[0],
            json!(["CheckOrder", "InvalidOrder", "OrderRefused", "NotifyOperator", "Failed"]),
            "{input}"
        );
        let nothing = json!({ "refund": null, "refund_failure": null, "release": null, "release_failure": null });
        let mut message = json!({ "execution": "o-1", "outcome": "OrderRefused", "failure": failure });
        message.as_object_mut().expect("an object").extend(nothing.as_object().cloned().expect("an object"));
        assert_eq!((&seen[2], &seen[3]), (&json!([message]), &json!(100)));
    }
}

/// Its state would exceed the quota of the state machine in the middle of the execution.
#[tokio::test]
async fn an_order_that_is_too_large_is_refused_before_anything_is_done() {
    for field in ["product", "card", "country"] {
        for size in [1_001, 200_000, 260_000] {
            for changes in [json!({ field: "x".repeat(size) }), json!({ field: "x".repeat(size), "quantity": 101 })] {
                let seen = run(input(changes), Some("Ship")).await;
                assert_eq!((&seen[3], &seen[4]), (&json!(100), &json!([null, null])), "{field}, {size}");
                let states = seen[0].as_array().expect("states");
                assert!(
                    !states.contains(&json!("Charge")) && !states.contains(&json!("Refund")),
                    "{field}: {states:?}"
                );
            }
        }
    }
    // What is not a field of the order does not count.
    let seen = run(input(json!({ "note": "x".repeat(260_000) })), None).await;
    assert_eq!(seen[1]["status"], "shipped");
}

#[test]
fn neither_the_history_in_the_log_nor_an_alarm_is_forgotten() {
    let template = include_str!("../../template.yaml");
    // The state of an execution has the card token.
    assert!(template.contains("IncludeExecutionData: false"));
    for metric in ["ExecutionsFailed", "ExecutionsAborted", "ExecutionsTimedOut", "ExecutionThrottled"] {
        assert!(template.contains(&format!("MetricName: {metric}\n")), "{metric} has no alarm");
    }
}
