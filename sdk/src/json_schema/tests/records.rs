//! Records and whole events.

use serde_json::{Value, json};

use crate::json_schema::SchemaLayer;
use crate::records::TransformedRecord;
use crate::testing::{self, Caller};
use crate::{BoxError, Event, EventBridge, Firehose, Kafka, Kinesis, MqMessage, Sns, Sqs};

/// The schema of an order, which each source delivers in another place.
fn order() -> SchemaLayer {
    SchemaLayer::new()
        .incoming(r#"{ "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] }"#)
}

#[tokio::test]
async fn a_message_that_does_not_match_fails_alone() {
    let captured = crate::observe::logging::CapturedLogs::default();
    async fn ship(order: Sqs<Value>) -> Result<(), BoxError> {
        assert!(order.body["id"].is_number());
        Ok(())
    }
    let caller = Caller::new(crate::handler(ship).layer(order())).with_logs(&captured);
    let event = testing::sqs([json!({ "id": 1 }), json!({ "id": "hunter2" }), json!({ "id": 3 })]).event();
    let id = event["Records"][1]["messageId"].clone();
    let response = caller.call(event).await.unwrap();
    assert_eq!(response["batchItemFailures"], json!([{ "itemIdentifier": id }]));
    let log = format!("{:?}", captured.lines());
    assert!(log.contains("SchemaValidation") && log.contains("/id must be an integer"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
    for hostile in ["", "not JSON", "{\"id\": 1e400}", &"[".repeat(200)] {
        let response = caller.call(testing::sqs([hostile])).await.unwrap();
        assert_eq!(response["batchItemFailures"].as_array().unwrap().len(), 1, "{hostile}");
    }
}

macro_rules! payloads {
    ($($name:ident: $record:ty => $event:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            async fn take(_: $record) -> Result<(), BoxError> {
                Ok(())
            }
            let event: fn(Value) -> Value = $event;
            let caller = || Caller::new(crate::handler(take).layer(order().notifications()));
            let failed = |response: Result<Value, crate::FunctionError>| match response {
                Ok(response) => response["batchItemFailures"].as_array().is_some_and(|failed| !failed.is_empty()),
                Err(error) => error.error_type() == "SchemaValidation",
            };
            assert!(!failed(caller().call(event(json!({ "id": 7 }))).await));
            assert!(failed(caller().call(event(json!({ "id": "hunter2" }))).await));
        }
    )*};
}

payloads! {
    the_body_of_an_sqs_message_is_checked: Sqs<Value> => |order| testing::sqs([order]).event();
    the_message_of_a_notification_in_a_queue_is_checked: Sns<Value> => |order| testing::sns([order]).through_sqs().event();
    the_message_of_a_notification_is_checked: Sns<Value> => |order| testing::sns([order]).event();
    the_data_of_a_kinesis_record_is_checked: Kinesis<Value> => |order| testing::kinesis([order]).event();
    the_value_of_a_kafka_record_is_checked: Kafka<String, Value> => |order| testing::kafka("orders", 0, [testing::kafka::record(order).key("a")]).event();
    the_data_of_a_rabbit_mq_message_is_checked: MqMessage<Value> => |order| testing::rabbit_mq("orders", [order]).event();
    the_detail_of_an_event_is_checked: EventBridge<Value> => |order| testing::event_bridge("shop", "Order", order).event();
    the_detail_of_an_event_in_a_queue_is_checked: EventBridge<Value> => |order| testing::sqs([testing::event_bridge("shop", "Order", order)]).event();
}

#[tokio::test]
async fn the_data_that_firehose_delivers_is_checked() {
    async fn change(page: Firehose<Value>) -> Result<TransformedRecord, BoxError> {
        Ok(TransformedRecord::json(&page.data["out"])?)
    }
    let layer = order().outgoing(r#"{ "type": "integer" }"#);
    let caller = Caller::new(crate::handler(change).layer(layer));
    let records =
        testing::firehose([json!({ "id": 1, "out": 1 }), json!({ "id": 1, "out": "hunter2" }), json!({ "out": 1 })]);
    let response = caller.call(records).await.unwrap();
    let results = response["records"].as_array().unwrap().iter().map(|record| record["result"].as_str().unwrap());
    assert_eq!(results.collect::<Vec<_>>(), ["Ok", "ProcessingFailed", "ProcessingFailed"]);
}

#[tokio::test]
async fn an_event_and_a_response_fail_the_invocation_by_names_of_their_own() {
    async fn double(Event(event): Event<Value>) -> Result<Value, BoxError> {
        Ok(event["detail"]["answer"].clone())
    }
    let outgoing = r#"{ "type": "object", "properties": { "total": { "type": "integer" } } }"#;
    let captured = crate::observe::logging::CapturedLogs::default();
    let caller =
        Caller::new(crate::handler(double).layer(order().at("/detail").outgoing(outgoing))).with_logs(&captured);
    let event = |answer: Value| json!({ "detail": { "id": 1, "answer": answer } });
    assert_eq!(caller.call(event(json!({ "total": 7 }))).await.unwrap(), json!({ "total": 7 }));

    let error = caller.call(json!({ "detail": { "id": "hunter2" } })).await.unwrap_err();
    assert_eq!(error.error_type(), "SchemaValidation");
    assert_eq!(error.message(), "the event does not match the schema: /detail/id must be an integer");
    let error = caller.call(json!({ "other": "hunter2" })).await.unwrap_err();
    assert_eq!(error.message(), "the event does not match the schema: /detail is required");

    let error = caller.call(event(json!({ "total": "hunter2", "hunter2": 1 }))).await.unwrap_err();
    assert_eq!(error.error_type(), "ResponseSchemaValidation");
    assert_eq!(error.message(), "the response does not match its schema");
    let log = format!("{:?}", captured.lines());
    assert!(log.contains("/total must be an integer") && !log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn around_a_whole_function_the_event_of_lambda_is_checked() {
    async fn ship(_: Sqs<Value>) -> Result<(), BoxError> {
        Ok(())
    }
    let layer = SchemaLayer::new().incoming(r#"{ "maxItems": 1 }"#).at("/Records");
    let caller = Caller::new(crate::handler(ship).outer(layer));
    assert!(caller.call(testing::sqs([1])).await.is_ok());
    assert_eq!(caller.call(testing::sqs([1, 2])).await.unwrap_err().error_type(), "SchemaValidation");
}

#[tokio::test]
async fn a_body_in_the_form_of_a_notification_is_checked_as_it_is() {
    async fn take(_: Sqs<Value>) -> Result<(), BoxError> {
        Ok(())
    }
    let forged = json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "MessageId": "m",
        "Message": r#"{"id":7}"#, "id": "hunter2" });
    let response = Caller::new(crate::handler(take).layer(order())).call(testing::sqs([forged]).event()).await;
    assert_eq!(response.unwrap()["batchItemFailures"].as_array().unwrap().len(), 1);
}
