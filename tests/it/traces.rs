//! The spans of requests and of records.

use pilaster::http::{HttpError, Json, Method};
use pilaster::observe::logging;
use pilaster::observe::traces::{CapturedSpans, TracesLayer};
use pilaster::testing::{Caller, http, sns, sqs, sqs::message};
use pilaster::{BoxError, Sns, Sqs};
use serde_json::{Value, json};

const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn layer(captured: &CapturedSpans) -> TracesLayer {
    TracesLayer::new().captured(captured)
}

async fn user(Json(asked): Json<Value>) -> Result<Json<Value>, HttpError> {
    match asked["fail"].as_bool() {
        Some(true) => Err(HttpError::from(std::io::Error::other("hunter2"))),
        Some(false) => Err(HttpError::not_found("no such user")),
        None => Ok(Json(asked)),
    }
}

#[tokio::test]
async fn a_span_of_a_request_has_its_route_and_status() {
    for (body, status, failed) in
        [(json!({}), 200, false), (json!({"fail": false}), 404, false), (json!({"fail": true}), 500, true)]
    {
        let captured = CapturedSpans::default();
        let caller = Caller::new(pilaster::handler(user).outer(layer(&captured)));
        let request = http::post("/users/7?token=hunter2").header("user-agent", "curl").json(&body);
        let request = request.header("traceparent", TRACEPARENT).path_parameter("id", "7");
        let mut event = request.into_event().unwrap();
        event["requestContext"]["routeKey"] = "POST /users/{id}".into();
        caller.with_logs(&logging::CapturedLogs::default()).call(event).await.unwrap();
        let spans = captured.spans();
        let (span, found) = (&spans[0], &spans[0]["attributes"]);
        assert_eq!((&span["name"], &span["kind"]), (&json!("POST /users/{id}"), &json!("server")));
        assert_eq!((&found["http.request.method"], &found["url.path"]), (&json!("POST"), &json!("/users/7")));
        assert_eq!((&found["http.route"], &found["user_agent.original"]), (&json!("/users/{id}"), &json!("curl")));
        assert_eq!((&found["http.response.status_code"], &found["faas.trigger"]), (&json!(status), &json!("http")));
        assert_eq!(span["status"], if failed { json!("error") } else { Value::Null });
        assert_eq!(found.get("error.type"), failed.then(|| json!("500")).as_ref());
        assert_eq!(span["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert!(!spans[0].to_string().contains("hunter2"), "{span:#}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_decoded_and_one_by_an_invented_method_have_spans_as_well() {
    let captured = CapturedSpans::default();
    let caller = Caller::new(pilaster::handler(async |_: Method| "well").outer(layer(&captured)));
    let caller = caller.with_logs(&logging::CapturedLogs::default());
    let mut event = http::get("/").into_event().unwrap();
    event["headers"]["host"] = "not a host".into();
    caller.call(event).await.unwrap();
    assert_eq!(captured.spans()[0]["attributes"]["http.response.status_code"], 400);
    caller.send(http::request("BREW", "/")).await.unwrap();
    assert_eq!(captured.spans()[1]["name"], "HTTP");
    assert_eq!(captured.spans()[1]["attributes"]["http.request.method"], "_OTHER");
}

async fn ship(order: Sqs<Value>) -> Result<(), BoxError> {
    tracing::info_span!("pack").in_scope(|| ());
    match order["end"].as_str() {
        Some("panic") => panic!("on request"),
        Some(_) => Err("out of stock".into()),
        None => Ok(()),
    }
}

#[tokio::test]
async fn each_message_is_a_span_that_links_to_who_sent_it() {
    let (captured, lines) = (CapturedSpans::default(), logging::CapturedLogs::default());
    let caller = Caller::new(pilaster::handler(ship).outer(layer(&captured))).with_logs(&lines);
    let event = sqs([
        message(json!({})).id("m-1").system_attribute("AWSTraceHeader", XRAY),
        message(json!({"end": "fail"})).id("m-2").attribute("traceparent", TRACEPARENT),
        message(json!({"end": "panic"})).id("m-3"),
        message("not json").id("m-4").attribute("traceparent", "nonsense"),
    ]);
    caller.call(event.event()).await.unwrap();
    let spans = captured.spans();
    let root = spans.last().unwrap();
    assert_eq!((&root["name"], &root["kind"]), (&json!("process orders"), &json!("consumer")));
    assert_eq!(root["attributes"]["messaging.batch.message_count"], 4);
    assert_eq!(root["attributes"]["faas.trigger"], "pubsub");
    assert_eq!(root["status"], Value::Null, "its records failed, not the batch");
    let of = |id: &str| spans.iter().find(|span| span["attributes"]["messaging.message.id"] == id).unwrap();
    for id in ["m-1", "m-2", "m-3", "m-4"] {
        let (span, found) = (of(id), &of(id)["attributes"]);
        assert_eq!((&span["name"], &span["kind"]), (&json!("process orders"), &json!("consumer")));
        assert_eq!(span["parent_span_id"], root["span_id"]);
        assert_eq!(found["messaging.system"], "aws_sqs");
        assert_eq!(found["messaging.destination.name"], "orders");
    }
    let linked =
        |id| of(id)["links"].as_array().unwrap().iter().map(|link| link["trace_id"].clone()).collect::<Vec<_>>();
    assert_eq!(linked("m-1"), ["5759e988bd862e3fe1be46a994272793"]);
    assert_eq!(linked("m-2"), ["0af7651916cd43dd8448eb211c80319c"]);
    assert_eq!(linked("m-4"), [] as [Value; 0]);
    assert_eq!((&of("m-1")["status"], &of("m-2")["status"]), (&Value::Null, &json!("error")));
    assert_eq!(of("m-3")["attributes"]["error.type"], "Panic");
    assert_eq!(spans.iter().filter(|span| span["name"] == "pack").count(), 3, "of those that could be decoded");
}

#[tokio::test]
async fn a_notification_links_by_its_attribute() {
    let captured = CapturedSpans::default();
    let found = async |_: Sns<Value>| Ok::<(), BoxError>(());
    let caller = Caller::new(pilaster::handler(found).outer(layer(&captured)));
    let event = sns([json!({})]).topic("sold").attribute("traceparent", TRACEPARENT);
    caller.with_logs(&logging::CapturedLogs::default()).call(event.event()).await.unwrap();
    let span = &captured.spans()[0];
    assert_eq!((&span["name"], &span["attributes"]["messaging.system"]), (&json!("process sold"), &json!("aws.sns")));
    assert_eq!(span["links"][0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}
