//! The saga example, built and deployed by its template into an engine with Step Functions, Lambda, DynamoDB and SQS: the state
//! machine branches on the names of the functions' errors.

use std::fs;
use std::path::Path;
use std::process::Command;

use engines::{Engine, programs};
use serde_json::{Value, json};

#[test]
fn an_order_is_shipped_or_what_was_done_of_it_is_taken_back() {
    let engine = Engine::shared();
    let report = engine.report_of("saga", "saga.py");

    a_good_order_is_shipped(&report);
    a_second_execution_with_other_content_changes_nothing(&report);
    a_declined_card_releases_the_reservation(&report);
    a_charge_whose_answer_was_lost_is_found(&report);
    what_cannot_be_delivered_is_refunded_and_released(&report);
    an_order_that_is_out_of_stock_is_rejected(&report);
    an_order_that_is_refused_reaches_the_operator(&report);
    what_the_input_adds_changes_nothing(&report);
    the_operator_gets_what_was_done_but_not_the_card_token(&report);
    orders_at_the_same_time_never_take_more_than_the_stock(&report);
}

fn a_good_order_is_shipped(report: &Value) {
    let order = &report["good"];
    assert_eq!(order["output"], json!({ "order": "o-1", "status": "shipped", "tracking": "DE-o-1" }), "{order}");
    assert_eq!(order["states"], json!(["CheckOrder", "CopyOrder", "Reserve", "Charge", "Ship", "Shipped"]));
    assert_eq!(seen(order), json!(["Shipped", "1800", false, 98]), "{order}");
}

/// It refunded the shipped order and turned 98 units into 188.
fn a_second_execution_with_other_content_changes_nothing(report: &Value) {
    assert_eq!(report["name is taken"], true);
    assert_eq!(report["second"], json!(vec!["OrderDiffers"; 5]));
    assert_eq!(report["shipped"], json!([null, null, null, "AlreadyShipped", "AlreadyShipped"]));
}

fn a_declined_card_releases_the_reservation(report: &Value) {
    let order = &report["declined"];
    assert_eq!(order["output"], json!({ "order": "o-2", "status": "rejected", "reason": "CardDeclined" }), "{order}");
    let states = ["CheckOrder", "CopyOrder", "Reserve", "Charge", "Refund", "Release", "CheckCompensation", "Rejected"];
    assert_eq!(order["states"], json!(states));
    assert_eq!(seen(order), json!(["Cancelled", null, true, 98]), "{order}");
}

fn a_charge_whose_answer_was_lost_is_found(report: &Value) {
    let order = &report["slow"];
    assert_eq!(order["output"], json!({ "order": "o-3", "status": "shipped", "tracking": "DE-o-3" }), "{order}");
    assert_eq!(seen(order), json!(["Shipped", "1800", false, 96]), "{order}");
}

fn what_cannot_be_delivered_is_refunded_and_released(report: &Value) {
    let order = &report["far"];
    assert_eq!(order["output"], json!({ "order": "o-4", "status": "rejected", "reason": "NotDeliverable" }), "{order}");
    assert_eq!(seen(order), json!(["Cancelled", "1800", true, 96]), "{order}");
}

fn an_order_that_is_out_of_stock_is_rejected(report: &Value) {
    let order = &report["many"];
    assert_eq!(order["output"], json!({ "order": "o-5", "status": "rejected", "reason": "OutOfStock" }), "{order}");
    assert_eq!(order["states"], json!(["CheckOrder", "CopyOrder", "Reserve", "Rejected"]));
    assert_eq!(seen(order), json!(["OutOfStock", null, null, 96]), "{order}");
}

fn an_order_that_is_refused_reaches_the_operator(report: &Value) {
    for (name, error, start) in
        [("wrong", "InvalidEvent", &["CopyOrder", "Reserve"][..]), ("other name", "InvalidOrder", &["InvalidOrder"])]
    {
        let order = &report[name];
        assert_eq!((&order["status"], &order["error"]), (&json!("FAILED"), &json!("OrderRefused")), "{order}");
        let states = [&["CheckOrder"], start, &["OrderRefused", "NotifyOperator", "Failed"]].concat();
        assert_eq!(order["states"], json!(states));
        assert_eq!(seen(order), json!([null, null, null, 96]), "{order}");
        let messages = report["operator notified"].as_array().expect("messages");
        let messages = messages.iter().filter(|message| message["failure"]["Error"] == error);
        assert_eq!(messages.count(), 1, "{:#}", report["operator notified"]);
    }
}

/// A member `refund_failure` of the input made a completed refund look failed.
fn what_the_input_adds_changes_nothing(report: &Value) {
    let order = &report["hostile"];
    assert_eq!(order["output"], json!({ "order": "o-9", "status": "rejected", "reason": "NotDeliverable" }), "{order}");
    assert_eq!(seen(order), json!(["Cancelled", "1800", true, 96]), "{order}");
    let order = &report["hostile good"];
    assert_eq!(order["output"], json!({ "order": "o-10", "status": "shipped", "tracking": "DE-o-10" }), "{order}");
    assert_eq!(seen(order), json!(["Shipped", "1800", false, 95]), "{order}");
}

fn the_operator_gets_what_was_done_but_not_the_card_token(report: &Value) {
    assert_eq!(
        (&report["lost"]["error"], seen(&report["lost"])),
        (&json!("OrderCancelled"), json!(["Cancelled", "1800", true, 95]))
    );
    let messages = report["operator notified"].as_array().expect("messages");
    let message = messages.iter().find(|message| message["execution"] == "o-11").expect("a message");
    assert_eq!(message["failure"]["Error"], "ProviderUnavailable", "{message}");
    assert_eq!((&message["refund"]["refunded"]["amount"], &message["release"]["released"]), (&json!(1800), &json!(2)));
    let log = report["log"].as_array().expect("lines");
    assert!(!log.is_empty());
    for text in messages.iter().chain(log) {
        assert!(!text.to_string().contains("tok_"), "{text}");
    }
}

fn orders_at_the_same_time_never_take_more_than_the_stock(report: &Value) {
    let orders = report["at once"].as_array().expect("orders");
    let with = |status: &str| orders.iter().filter(|order| order["output"]["status"] == status).count();
    assert_eq!((with("shipped"), with("rejected")), (3, 2), "{orders:#?}");
    assert_eq!(report["left"], 5);
}

/// AWS's linter checks a definition inside of a template only.
#[test]
fn the_definition_of_the_state_machine_is_valid() {
    let mut definition = include_str!("../../../examples/saga/saga.asl.json").replace("${Partition}", "aws");
    for step in ["Reserve", "Charge", "Ship", "Refund", "Release"] {
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{step}:live");
        definition = definition.replace(&format!("${{{step}Arn}}"), &arn);
    }
    definition = definition.replace("${OperatorQueueUrl}", "https://sqs.us-east-1.amazonaws.com/123456789012/operator");
    for (definition, is_valid) in [(definition.replace("InputPath", "Input"), false), (definition, true)] {
        let properties = json!({ "RoleArn": "arn:aws:iam::123456789012:role/saga", "DefinitionString": definition });
        let machine = json!({ "Type": "AWS::StepFunctions::StateMachine", "Properties": properties });
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("saga.json");
        fs::write(&file, json!({ "Resources": { "Saga": machine } }).to_string()).expect("a template");
        let output = Command::new(programs().join("cfn-lint")).arg(file).output().expect("cfn-lint starts");
        assert_eq!(output.status.success(), is_valid, "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Returns what is recorded of an order: its stage, its payment, and the units in stock after it.
fn seen(order: &Value) -> Value {
    json!([order["stage"], order["charged"], order["refunded"], order["left"]])
}
