//! The steps, the state machine, and both with random faults.

mod faults;
mod hostile;
mod machine;
mod model;
mod payments;

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::task::Poll;

use pilaster::ErrorType;
use pilaster::table::Table;
use serde_json::{Value, json};

use self::machine::{Failure, execute};
use crate::order::{Order, Progress, Stage, StepError};
use crate::shop::Shop;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// The input of an execution: the sample order with these changes.
fn input(changes: Value) -> Value {
    let mut order: Value = serde_json::from_str(include_str!("../events/order.json")).expect("JSON");
    changes.as_object().into_iter().flatten().for_each(|(name, value)| order[name] = value.clone());
    order
}

fn order(changes: Value) -> Order {
    serde_json::from_value(input(changes)).expect("an order")
}

async fn shop() -> (Shop, Table) {
    let table = Table::in_memory();
    table.put("stock#tea", &json!({ "units": 100 })).await.expect("stored");
    (Shop::new(table.clone(), "local"), table)
}

/// Runs a step as its function does.
async fn step(shop: &Shop, step: &str, input: &Value) -> Result<Value, Failure> {
    let order: Order = serde_json::from_value(input.clone()).map_err(|error| Failure::new("InvalidEvent", error))?;
    let progress = match step {
        "Reserve" => shop.reserve(&order).await,
        "Charge" => shop.charge(&order).await,
        "Ship" => shop.ship(&order).await,
        "Refund" => shop.refund(&order).await,
        "Release" => shop.release(&order).await,
        other => panic!("the state machine has no step {other}"),
    };
    match progress {
        Ok(progress) => Ok(json!(progress)),
        Err(error) => Err(Failure::new(error.error_type(), &error)),
    }
}

async fn units(table: &Table) -> u64 {
    table.get::<Value>("stock#tea").await.expect("an answer").expect("stock")["units"].as_u64().expect("a number")
}

async fn payment(table: &Table, id: &str) -> Value {
    let payment = table.get::<Value>(format!("payment#local/{id}")).await.expect("an answer").unwrap_or_default();
    json!([payment["charged"]["amount"], payment["cancelled"]])
}

#[tokio::test]
async fn an_order_is_shipped() -> TestResult {
    let (shop, table) = shop().await;
    let execution = execute("o-1", input(json!({})), async |name, input| step(&shop, &name, &input).await).await;
    assert_eq!(execution.states, ["CheckOrder", "CopyOrder", "Reserve", "Charge", "Ship", "Shipped"]);
    assert_eq!(execution.output, json!({ "order": "o-1", "status": "shipped", "tracking": "DE-o-1" }));
    assert_eq!((units(&table).await, payment(&table, "o-1").await), (98, json!([1800, false])));
    Ok(())
}

/// Before, the second execution refunded the shipped order, and returned its own 90 units to the stock: 98 became 188.
#[tokio::test]
async fn a_second_execution_with_other_content_does_not_touch_a_shipped_order() -> TestResult {
    let (shop, table) = shop().await;
    let call = async |name: String, input: Value| step(&shop, &name, &input).await;
    assert_eq!(execute("o-1", input(json!({})), call).await.end(), "Shipped");
    assert_eq!(units(&table).await, 98);

    for other in [json!({ "quantity": 90, "country": "AQ" }), json!({ "quantity": 90, "card": "tok_declined" })] {
        let execution = execute("o-1", input(other.clone()), call).await;
        assert_eq!(execution.end(), "OrderRefused");
        assert_eq!(execution.notified[0]["failure"]["Error"], "OrderDiffers");
        for name in ["Charge", "Ship", "Refund", "Release"] {
            let failure = step(&shop, name, &input(other.clone())).await.expect_err("it is another order");
            assert_eq!(failure.error, "OrderDiffers");
        }
    }
    for name in ["Refund", "Release"] {
        assert_eq!(step(&shop, name, &input(json!({}))).await.expect_err("it is shipped").error, "AlreadyShipped");
    }
    assert_eq!((units(&table).await, payment(&table, "o-1").await), (98, json!([1800, false])));

    let again = execute("o-1", input(json!({})), call).await;
    assert_eq!(again.output, json!({ "order": "o-1", "status": "shipped", "tracking": "DE-o-1" }));
    assert_eq!((units(&table).await, payment(&table, "o-1").await), (98, json!([1800, false])));
    Ok(())
}

#[tokio::test]
async fn an_order_that_cannot_be_done_is_rejected_and_leaves_nothing_behind() {
    let (shop, table) = shop().await;
    for (id, changes, reason, charged) in [
        ("o-2", json!({ "card": "tok_declined" }), "CardDeclined", json!([null, true])),
        ("o-3", json!({ "country": "AQ" }), "NotDeliverable", json!([1800, true])),
        ("o-4", json!({ "quantity": 101 }), "OutOfStock", json!([null, null])),
        ("o-5", json!({ "product": "coffee" }), "OutOfStock", json!([null, null])),
    ] {
        let mut input = input(changes);
        input["id"] = json!(id);
        let execution = execute(id, input, async |name, input| step(&shop, &name, &input).await).await;
        assert_eq!(execution.output, json!({ "order": id, "status": "rejected", "reason": reason }));
        assert_eq!((units(&table).await, payment(&table, id).await), (100, charged), "{id}");
        assert!(execution.notified.is_empty());
    }
}

#[tokio::test]
async fn an_order_that_was_out_of_stock_stays_rejected_after_a_delivery() -> TestResult {
    let (shop, table) = shop().await;
    let order = order(json!({ "quantity": 101 }));
    assert!(matches!(shop.reserve(&order).await, Err(StepError::OutOfStock)));
    table.put("stock#tea", &json!({ "units": 500 })).await?;
    assert!(matches!(shop.reserve(&order).await, Err(StepError::OutOfStock)), "the first answer may have been lost");
    assert!(matches!(shop.charge(&order).await, Err(StepError::StepMissing)));
    assert_eq!(units(&table).await, 500);
    Ok(())
}

#[tokio::test]
async fn a_charge_whose_answer_was_lost_is_done_once_or_is_found_and_refunded() {
    let (shop, table) = shop().await;
    let call = async |name: String, input: Value| step(&shop, &name, &input).await;
    let execution = execute("o-1", input(json!({ "card": "tok_slow" })), call).await;
    assert_eq!((execution.end(), payment(&table, "o-1").await), ("Shipped", json!([1800, false])));

    let execution = execute("o-2", input(json!({ "id": "o-2", "card": "tok_lost" })), call).await;
    assert_eq!((execution.end(), payment(&table, "o-2").await), ("OrderCancelled", json!([1800, true])));
    assert_eq!(execution.notified[0]["failure"]["Error"], "ProviderUnavailable");
    assert_eq!(execution.notified[0]["refund"]["refunded"], json!({ "amount": 1800, "currency": "EUR" }));
    assert_eq!(units(&table).await, 98);
}

/// Polls a future this number of times.
async fn polled<F: Future>(work: &mut std::pin::Pin<&mut F>, times: usize) {
    for _ in 0..times {
        poll_fn(|cx| {
            assert!(work.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_charge_that_is_cut_off_anywhere_is_refunded_or_refused() -> TestResult {
    // A step of the ledger has a point before and a point after it, where the process may end or wait.
    for (polls, charged) in [(1, json!([null, true])), (2, json!([null, true])), (3, json!([1800, true]))] {
        for resumed in [false, true] {
            let (shop, table) = shop().await;
            let order = order(json!({}));
            shop.reserve(&order).await?;
            let mut charge = Box::pin(shop.charge(&order));
            polled(&mut charge.as_mut(), polls).await;

            let refunded = shop.refund(&order).await?.refunded;
            assert_eq!(refunded.is_some(), charged[0].is_number(), "the provider knows what was charged");
            if resumed {
                assert!(matches!(charge.await, Err(StepError::AlreadyCancelled)));
            }
            assert!(matches!(shop.charge(&order).await, Err(StepError::AlreadyCancelled)));
            assert!(matches!(shop.ship(&order).await, Err(StepError::AlreadyCancelled)));
            assert_eq!((payment(&table, "o-1").await, shop.release(&order).await?.released), (charged.clone(), 2));
            assert_eq!(units(&table).await, 100);
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_step_is_idempotent() -> TestResult {
    let (shop, table) = shop().await;
    let order = order(json!({}));
    for _ in 0..2 {
        let reserved = Progress { stage: Stage::Reserved, reserved: 2, ..Progress::default() };
        assert_eq!((shop.reserve(&order).await?, units(&table).await), (reserved, 98));
    }
    let cancelled = Progress { stage: Stage::Cancelled, released: 2, ..Progress::default() };
    for _ in 0..2 {
        assert_eq!((shop.release(&order).await?, units(&table).await), (cancelled.clone(), 100));
        assert_eq!(shop.refund(&order).await?, cancelled);
    }
    for name in ["Reserve", "Charge", "Ship"] {
        assert_eq!(step(&shop, name, &input(json!({}))).await.expect_err("cancelled").error, "AlreadyCancelled");
    }
    Ok(())
}

#[tokio::test]
async fn an_order_that_was_cancelled_before_it_arrived_stays_cancelled() -> TestResult {
    let (shop, table) = shop().await;
    let order = order(json!({}));
    assert_eq!((shop.refund(&order).await?.refunded, shop.release(&order).await?.released), (None, 0));
    assert!(matches!(shop.reserve(&order).await, Err(StepError::AlreadyCancelled)));
    assert_eq!((units(&table).await, payment(&table, "o-1").await), (100, json!([null, true])));
    Ok(())
}

#[tokio::test]
async fn steps_out_of_sequence_are_refused() -> TestResult {
    let (shop, table) = shop().await;
    let order = order(json!({}));
    assert!(matches!(shop.charge(&order).await, Err(StepError::StepMissing)));
    assert!(matches!(shop.ship(&order).await, Err(StepError::StepMissing)));
    shop.reserve(&order).await?;
    assert!(matches!(shop.ship(&order).await, Err(StepError::StepMissing)));
    assert_eq!(payment(&table, "o-1").await, json!([null, null]), "not paid, not shipped");
    Ok(())
}

#[tokio::test]
async fn a_failed_refund_still_releases_and_the_operator_gets_both_failures() {
    let (shop, table) = shop().await;
    let call = async |name: String, input: Value| match name.as_str() {
        "Refund" => Err(Failure::new("Lambda.Unknown", "the process ended")),
        name => step(&shop, name, &input).await,
    };
    let execution = execute("o-1", input(json!({ "country": "AQ" })), call).await;
    let expected = [
        "CheckOrder",
        "CopyOrder",
        "Reserve",
        "Charge",
        "Ship",
        "Refund",
        "Release",
        "CheckCompensation",
        "CompensationFailed",
        "NotifyOperator",
        "Failed",
    ];
    assert_eq!(execution.states, expected);
    assert_eq!((execution.end(), units(&table).await), ("CompensationFailed", 100));
    let message = &execution.notified[0];
    assert_eq!(message["failure"]["Error"], "NotDeliverable");
    assert_eq!(message["refund_failure"], json!({ "Error": "Lambda.Unknown", "Cause": "the process ended" }));
    assert_eq!((&message["release"]["released"], &message["outcome"]), (&json!(2), &json!("CompensationFailed")));
}

#[tokio::test]
async fn a_failed_release_reaches_the_operator() {
    let (shop, table) = shop().await;
    let call = async |name: String, input: Value| match name.as_str() {
        "Release" => Err(Failure::new("LedgerUnavailable", "try again later")),
        name => step(&shop, name, &input).await,
    };
    let execution = execute("o-1", input(json!({ "card": "tok_declined" })), call).await;
    assert_eq!((execution.end(), units(&table).await), ("CompensationFailed", 98));
    assert_eq!(execution.notified[0]["failure"]["Error"], "CardDeclined");
    assert_eq!(execution.notified[0]["release_failure"]["Error"], "LedgerUnavailable");
}

#[tokio::test]
async fn a_shipment_whose_answer_was_lost_for_ever_is_not_refunded() {
    let (shop, table) = shop().await;
    let call = async |name: String, input: Value| match (name.as_str(), step(&shop, &name, &input).await) {
        ("Ship", _) => Err(Failure::new("States.Timeout", "no answer")),
        (_, answer) => answer,
    };
    let execution = execute("o-1", input(json!({})), call).await;
    assert_eq!(execution.end(), "ShippedDespiteFailure");
    assert_eq!((units(&table).await, payment(&table, "o-1").await), (98, json!([1800, false])));
}

#[tokio::test]
async fn an_execution_is_named_by_its_order_and_has_a_valid_order() {
    let (shop, table) = shop().await;
    let call = async |name: String, input: Value| step(&shop, &name, &input).await;
    for (name, changes, error) in [
        ("o-2", json!({}), "InvalidOrder"),
        ("o-1", json!({ "id": null }), "InvalidOrder"),
        ("o-1", json!({ "id": { "id": "o-1" } }), "InvalidOrder"),
        ("o-1", json!({ "product": null }), "InvalidEvent"),
        ("o-1", json!({ "quantity": 0 }), "InvalidEvent"),
        ("o-1", json!({ "quantity": -1 }), "InvalidEvent"),
        ("o-1", json!({ "quantity": "many" }), "InvalidEvent"),
        ("o-1", json!({ "total": { "amount": 0, "currency": "EUR" } }), "InvalidEvent"),
        ("o-1", json!({ "total": { "amount": -1800, "currency": "EUR" } }), "InvalidEvent"),
        ("o-1", json!({ "total": { "amount": 18, "currency": "XXX" } }), "InvalidEvent"),
        ("o-1", json!({ "total": 18.5 }), "InvalidEvent"),
    ] {
        let execution = execute(name, input(changes), call).await;
        assert_eq!((execution.end(), &execution.notified[0]["failure"]["Error"]), ("OrderRefused", &json!(error)));
    }
    assert_eq!((units(&table).await, payment(&table, "o-1").await), (100, json!([null, null])));
}

/// Collects the errors that the states of a state machine branch on.
fn names(of: &Value, found: &mut BTreeSet<String>) {
    match of {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match (name.as_str(), value) {
            ("ErrorEquals", Value::Array(errors)) => {
                found.extend(errors.iter().filter_map(Value::as_str).map(Into::into))
            }
            ("StringEquals", Value::String(error)) => drop(found.insert(error.clone())),
            _ => names(value, found),
        }),
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

#[test]
fn the_state_machine_branches_only_on_existing_errors() {
    let mut found = BTreeSet::new();
    names(&machine::definition(), &mut found);
    // Errors of Step Functions, Lambda and Pilaster.
    found.retain(|name| !name.contains('.') && !["InvalidEvent", "Timeout"].contains(&name.as_str()));
    let conflict = StepError::AlreadyCancelled;
    let errors = [
        StepError::OutOfStock,
        StepError::CardDeclined,
        StepError::ProviderUnavailable,
        StepError::NotDeliverable,
        StepError::OrderDiffers,
        conflict,
        StepError::AlreadyShipped,
    ];
    let mut expected: BTreeSet<_> = errors.iter().map(|error| error.error_type().to_string()).collect();
    expected.insert("LedgerUnavailable".to_owned());
    assert_eq!(found, expected);
}
