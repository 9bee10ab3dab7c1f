//! Tests of the spans of an invocation.

mod export;
mod parents;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_runtime::Context;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::instrument::WithSubscriber;
use tracing::{Dispatch, Instrument};

use super::*;
use crate::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, Outgoing};
use crate::observe::logging::{self, Level, LoggingLayer, Logs};

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn invocation(header: Option<&str>) -> Invocation {
    let mut context = Context::default();
    context.request_id = "52fdfc07".into();
    context.invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:pay:live".into();
    context.xray_trace_id = header.map(str::to_owned);
    Invocation::new(context)
}

fn subscriber(lines: &logging::CapturedLogs) -> Dispatch {
    Dispatch::new(Logs::new().level(Level::Info).writer(lines.clone()).build())
}

/// The spans and the lines of one invocation.
struct Seen {
    spans: Vec<Value>,
    lines: Vec<Value>,
    answer: Result<Outgoing, FunctionError>,
}

impl Seen {
    fn span(&self, name: &str) -> &Value {
        self.spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{name} in {:#?}", self.spans))
    }
}

async fn seen<F, Fut>(event: Value, invocation: Invocation, function: F) -> Seen
where
    F: FnMut(Incoming) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<Outgoing, FunctionError>> + Send + 'static,
{
    let (captured, lines) = (CapturedSpans::default(), logging::CapturedLogs::default());
    let dispatch = subscriber(&lines);
    let layer = TracesLayer::new().captured(&captured);
    let incoming = Incoming { event: crate::RawEvent::parse(event.to_string()).unwrap(), invocation };
    let called = async move {
        let service = LoggingLayer::new().layer(layer.layer(service_fn(function)));
        service.oneshot(incoming).await
    };
    let answer = called.with_subscriber(dispatch).await;
    Seen { spans: captured.spans(), lines: lines.lines(), answer }
}

fn answer() -> Result<Outgoing, FunctionError> {
    Outgoing::serialize(&()).map_err(FunctionError::from_error)
}

#[tokio::test]
async fn the_second_layer_of_a_process_warns_once() {
    let (first, second) = (CapturedSpans::default(), CapturedSpans::default());
    let lines = logging::CapturedLogs::default();
    let services = [&first, &second]
        .map(|captured| TracesLayer::new().captured(captured).layer(service_fn(async |_: Incoming| answer())));
    let called = async move {
        for service in services.iter().chain(&services) {
            let event = crate::RawEvent::parse("{}").unwrap();
            let incoming = Incoming { event, invocation: invocation(Some(HEADER)) };
            service.clone().oneshot(incoming).await.unwrap();
        }
    };
    called.with_subscriber(subscriber(&lines)).await;
    assert_eq!((first.spans().len(), second.spans().len()), (4, 0));
    let lines = lines.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0]["message"].as_str().unwrap().contains("first TracesLayer"), "{lines:?}");
}

#[tokio::test]
async fn an_invocation_is_a_span_below_the_one_that_lambda_names() {
    let seen = seen(json!({}), invocation(Some(HEADER)).with_cold_start(true), async |_| {
        tokio::task::yield_now().instrument(tracing::info_span!("step", number = 1)).await;
        answer()
    })
    .await;
    let (step, root) = (&seen.spans[0], &seen.spans[1]);
    assert_eq!(seen.spans.len(), 2);
    assert_eq!(root["trace_id"], "5759e988bd862e3fe1be46a994272793");
    assert_eq!((&root["parent_span_id"], &root["kind"]), (&json!("53995c3f42cd8ad8"), &json!("server")));
    assert_eq!((&step["parent_span_id"], &step["kind"]), (&root["span_id"], &json!("internal")));
    assert_eq!(step["attributes"], json!({"number": 1}));
    assert_eq!(
        root["attributes"],
        json!({
            "faas.invocation_id": "52fdfc07",
            "faas.coldstart": true,
            "faas.trigger": "other",
            "cloud.account.id": "123456789012",
            "cloud.resource_id": "arn:aws:lambda:eu-west-1:123456789012:function:pay",
            "aws.lambda.invoked_arn": "arn:aws:lambda:eu-west-1:123456789012:function:pay:live",
        })
    );
}

#[tokio::test]
async fn a_failure_is_an_exception_of_the_span_and_its_line_names_the_trace() {
    let seen = seen(json!({}), invocation(Some(HEADER)), async |_| {
        Err(FunctionError::new("OutOfStock", "none is left").with_source("sold"))
    })
    .await;
    let span = &seen.spans[0];
    assert_eq!((&span["status"], &span["attributes"]["error.type"]), (&json!("error"), &json!("OutOfStock")));
    assert_eq!(span["events"][0]["name"], "exception");
    assert_eq!(span["events"][0]["attributes"]["exception.message"], "none is left: sold");
    let line = seen.lines.iter().find(|line| line["message"] == "the invocation failed").unwrap();
    assert_eq!(line["trace_id"], span["trace_id"]);
    seen.answer.unwrap_err();
}

#[tokio::test]
async fn a_panic_passes_on_after_its_span_was_sent() {
    let captured = CapturedSpans::default();
    let dispatch = subscriber(&logging::CapturedLogs::default());
    let layer = TracesLayer::new().captured(&captured);
    let incoming = Incoming { event: crate::RawEvent::parse("{}").unwrap(), invocation: invocation(None) };
    let called = async move {
        layer
            .layer(service_fn(async |_: Incoming| {
                tokio::task::yield_now().await;
                if true {
                    panic!("on purpose");
                }
                answer()
            }))
            .oneshot(incoming)
            .await
    };
    let panicked = tokio::spawn(called.with_subscriber(dispatch)).await.unwrap_err();
    assert!(panicked.is_panic());
    assert_eq!(captured.spans()[0]["attributes"]["error.type"], "Panic");
}

#[tokio::test]
async fn lines_name_their_span_and_have_no_fields_of_spans_that_only_traces_want() {
    let seen = seen(json!({}), invocation(Some(HEADER)), async |_| {
        tracing::info!("outside");
        let call = tracing::debug_span!(
            target: "aws_sdk_dynamodb::operation::put_item", "DynamoDB.PutItem",
            "rpc.system" = "aws-api", "rpc.service" = "DynamoDB", "rpc.method" = "PutItem",
        );
        call.in_scope(|| tracing::warn!("slow"));
        let inner = tracing::debug_span!(target: "aws_smithy_runtime::client", "try_attempt", attempt = 1);
        inner.in_scope(|| ());
        tracing::debug_span!("detail").in_scope(|| ());
        answer()
    })
    .await;
    let call = seen.span("DynamoDB.PutItem");
    assert_eq!((&call["kind"], &call["attributes"]["rpc.method"]), (&json!("client"), &json!("PutItem")));
    assert_eq!(seen.spans.len(), 2, "the attempt and a detail have no spans: {:#?}", seen.spans);
    let root = &seen.spans[1];
    assert_eq!((&seen.lines[0]["trace_id"], &seen.lines[0]["span_id"]), (&root["trace_id"], &root["span_id"]));
    assert_eq!(seen.lines[1]["span_id"], call["span_id"]);
    assert_eq!(seen.lines[1].get("rpc.method"), None);
    assert_eq!(seen.lines[0].get("otel.name"), None);
}

#[tokio::test]
async fn what_is_sent_on_names_the_span_that_sends_it() {
    let header = format!("{HEADER};Lineage=1:a87bd80c:0");
    let seen = seen(json!({}), invocation(Some(&header)), async |_| {
        let header = tracing::info_span!("send").in_scope(trace_header);
        Outgoing::serialize(&header).map_err(FunctionError::from_error)
    })
    .await;
    let header: String = serde_json::from_str(seen.answer.as_ref().unwrap().as_json().unwrap().get()).unwrap();
    let parent = seen.span("send")["span_id"].as_str().unwrap();
    let expected = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={parent};Sampled=1;Lineage=1:a87bd80c:0");
    assert_eq!(header, expected);
}

#[tokio::test]
async fn a_task_that_outlives_the_invocation_does_not_hold_its_span_back() {
    let captured = CapturedSpans::default();
    let dispatch = subscriber(&logging::CapturedLogs::default());
    let layer = TracesLayer::new().captured(&captured);
    let called = async move {
        let (send, wait) = tokio::sync::oneshot::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(Some(wait)));
        let (task, tasks) = std::sync::mpsc::channel();
        let mut service = layer.layer(service_fn(move |_: Incoming| {
            let wait = wait.lock().unwrap().take();
            let late = async move {
                if let Some(wait) = wait {
                    let _ = wait.instrument(tracing::info_span!("late")).await;
                }
            };
            task.send(tokio::spawn(late.in_current_span().with_current_subscriber())).unwrap();
            async { answer() }
        }));
        let incoming =
            || Incoming { event: crate::RawEvent::parse("{}").unwrap(), invocation: invocation(Some(HEADER)) };
        service.call(incoming()).await.unwrap();
        let first = captured.spans().len();
        drop(send);
        tasks.recv().unwrap().await.unwrap();
        service.call(incoming()).await.unwrap();
        (first, captured)
    };
    let (first, captured) = called.with_subscriber(dispatch).await;
    assert_eq!(first, 1, "the invocation itself");
    assert_eq!(captured.spans().len(), 3, "the late one is sent with the next invocation");
}

#[tokio::test]
async fn off_means_off() {
    let captured = CapturedSpans::default();
    let dispatch = subscriber(&logging::CapturedLogs::default());
    let off = |name: &str| (name == "POWERTOOLS_TRACE_ENABLED").then(|| "false".to_owned());
    let layer = TracesLayer::from_vars(off).captured(&captured);
    let incoming = Incoming { event: crate::RawEvent::parse("{}").unwrap(), invocation: invocation(None) };
    let called = async move { layer.layer(service_fn(async |_: Incoming| answer())).oneshot(incoming).await };
    called.with_subscriber(dispatch).await.unwrap();
    assert_eq!(captured.spans(), [] as [Value; 0]);
}
