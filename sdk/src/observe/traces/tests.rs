use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lambda_runtime::Context;
use serde_json::value::RawValue;
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

/// A subscriber of this test's own, and another: with a single one alive, `tracing` asks only the thread that comes by a
/// callsite first whether it is wanted.
fn subscribers(lines: &logging::Captured) -> (Dispatch, Dispatch) {
    let logs = Logs::new().level(Level::Info).writer(lines.clone());
    (Dispatch::new(logs.build()), Dispatch::new(tracing::subscriber::NoSubscriber::default()))
}

/// What became of the spans and the lines of one invocation.
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
    let (captured, lines) = (Captured::default(), logging::Captured::default());
    let (dispatch, _nothing) = subscribers(&lines);
    let layer = TracesLayer::from_vars(|_| None).captured(&captured);
    let incoming = Incoming { event: RawValue::from_string(event.to_string()).unwrap(), invocation };
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
async fn a_trace_that_x_ray_does_not_keep_is_not_sent_but_its_lines_name_it() {
    let header = HEADER.replace("Sampled=1", "Sampled=0");
    let seen = seen(json!({}), invocation(Some(&header)), async |_| {
        tracing::info!("working");
        answer()
    })
    .await;
    assert_eq!(seen.spans, [] as [Value; 0]);
    assert_eq!(seen.lines[0]["trace_id"], "5759e988bd862e3fe1be46a994272793");
}

fn request(traceparent: &str) -> Value {
    json!({"headers": {"traceparent": traceparent}, "requestContext": {}})
}

#[tokio::test]
async fn the_callers_trace_is_a_link_where_x_ray_keeps_one_and_the_parent_where_there_is_no_header() {
    let seen_by = async |header: Option<&str>, traceparent: &str| {
        seen(request(traceparent), invocation(header), async |_| answer()).await.spans
    };
    let spans = seen_by(None, TRACEPARENT).await;
    assert_eq!(spans[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(spans[0]["parent_span_id"], "b7ad6b7169203331");
    assert_eq!(spans[0]["attributes"]["faas.trigger"], "http");
    let spans = seen_by(Some(HEADER), TRACEPARENT).await;
    assert_eq!(spans[0]["trace_id"], "5759e988bd862e3fe1be46a994272793");
    assert_eq!(spans[0]["links"][0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn no_caller_makes_a_function_trace_that_x_ray_does_not_trace() {
    for header in [
        HEADER.replace("Sampled=1", "Sampled=0"),
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned(),
        "Sampled=0".to_owned(),
    ] {
        let seen = seen(request(TRACEPARENT), invocation(Some(&header)), async |_| answer()).await;
        assert_eq!(seen.spans, [] as [Value; 0], "{header}");
    }
}

#[tokio::test]
async fn no_caller_turns_the_traces_of_a_function_off() {
    let dropped = TRACEPARENT.replace("-01", "-00");
    let seen = seen(request(&dropped), invocation(None), async |_| answer()).await;
    assert_eq!(seen.spans[0]["parent_span_id"], Value::Null);
    assert_eq!(seen.spans[0]["links"][0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn a_caller_that_is_trusted_decides_where_x_ray_does_not_keep_the_trace() {
    let captured = Captured::default();
    let (dispatch, _nothing) = subscribers(&logging::Captured::default());
    let layer = TracesLayer::from_vars(|_| None).captured(&captured).trust_callers(true);
    let event = RawValue::from_string(request(TRACEPARENT).to_string()).unwrap();
    let header = HEADER.replace("Sampled=1", "Sampled=0");
    let incoming = Incoming { event, invocation: invocation(Some(&header)) };
    let called = async move { layer.layer(service_fn(async |_: Incoming| answer())).oneshot(incoming).await };
    called.with_subscriber(dispatch).await.unwrap();
    assert_eq!(captured.spans()[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[tokio::test]
async fn without_a_caller_a_trace_begins() {
    let seen = seen(json!({}), invocation(None), async |_| answer()).await;
    assert_eq!(seen.spans[0]["parent_span_id"], Value::Null);
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
    let captured = Captured::default();
    let (dispatch, _nothing) = subscribers(&logging::Captured::default());
    let layer = TracesLayer::from_vars(|_| None).captured(&captured);
    let incoming = Incoming { event: RawValue::from_string("{}".into()).unwrap(), invocation: invocation(None) };
    let called = async move {
        layer
            .layer(service_fn(async |_: Incoming| {
                tokio::task::yield_now().await;
                if true {
                    panic!("told to panic");
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
    assert_eq!(seen.spans.len(), 2, "neither the attempt nor a detail: {:#?}", seen.spans);
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
    let captured = Captured::default();
    let (dispatch, _nothing) = subscribers(&logging::Captured::default());
    let layer = TracesLayer::from_vars(|_| None).captured(&captured);
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
            || Incoming { event: RawValue::from_string("{}".into()).unwrap(), invocation: invocation(Some(HEADER)) };
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
    let captured = Captured::default();
    let (dispatch, _nothing) = subscribers(&logging::Captured::default());
    let off = |name: &str| (name == "POWERTOOLS_TRACE_ENABLED").then(|| "false".to_owned());
    let layer = TracesLayer::from_vars(off).captured(&captured);
    let incoming = Incoming { event: RawValue::from_string("{}".into()).unwrap(), invocation: invocation(None) };
    let called = async move { layer.layer(service_fn(async |_: Incoming| answer())).oneshot(incoming).await };
    called.with_subscriber(dispatch).await.unwrap();
    assert_eq!(captured.spans(), [] as [Value; 0]);
}

/// A collector that takes connections and never answers.
async fn dead_collector() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            held.push(stream);
        }
    });
    (address, asked)
}

#[tokio::test(start_paused = true)]
async fn a_dead_collector_costs_the_bound_once_and_is_told_once() {
    let (address, asked) = dead_collector().await;
    let lines = logging::Captured::default();
    let (dispatch, _nothing) = subscribers(&lines);
    let layer = TracesLayer::from_vars(|_| None).endpoint(address);
    let called = async move {
        let mut service = layer.layer(service_fn(async |_: Incoming| answer()));
        let mut took = Vec::new();
        for pause in [0, 0, 1, 5, 0, 9, 2] {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            let event = RawValue::from_string("{}".into()).unwrap();
            let began = Instant::now();
            service.call(Incoming { event, invocation: invocation(Some(HEADER)) }).await.unwrap();
            took.push(began.elapsed().as_millis());
        }
        took
    };
    let took = called.with_subscriber(dispatch).await;
    // The clock of a test moves on by whole milliseconds.
    let tried: Vec<bool> = took.iter().map(|took| (500..=501).contains(took)).collect();
    assert!(took.iter().zip(&tried).all(|(took, tried)| *tried || *took == 0), "{took:?}");
    assert_eq!(tried, [true, false, false, true, false, false, true], "after 5 s, then after 10 s: {took:?}");
    let told = lines.lines();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["error"], "no answer within 500ms");
    assert!(asked.load(Ordering::Relaxed) <= 3);
}

#[tokio::test(start_paused = true)]
async fn the_answer_comes_before_the_deadline_whatever_the_collector_does() {
    let (address, _) = dead_collector().await;
    let (dispatch, _nothing) = subscribers(&logging::Captured::default());
    let layer = TracesLayer::from_vars(|_| None).endpoint(address);
    let mut context = Context::default();
    let deadline = std::time::SystemTime::now() + Duration::from_millis(400);
    context.deadline = deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let incoming =
        Incoming { event: RawValue::from_string("{}".into()).unwrap(), invocation: Invocation::new(context) };
    let called = async move {
        let began = Instant::now();
        layer.layer(service_fn(async |_: Incoming| answer())).oneshot(incoming).await.unwrap();
        began.elapsed()
    };
    let took = called.with_subscriber(dispatch).await;
    assert!(took <= Duration::from_millis(301), "{took:?}");
}

/// What `AwsXrayUdpSpanExporter` of `@aws/aws-distro-opentelemetry-exporter-xray-udp` 0.0.2 sends of a span `step` with the attribute
/// `number`, of the service `pay`.
const OF_AWS: &str = "{\"format\":\"json\",\"version\":1}\n\
    T1SCuEBCocBChUKDHNlcnZpY2UubmFtZRIFCgNwYXkKIgoWdGVsZW1ldHJ5LnNkay5sYW5ndWFnZRIICgZub2RlanMKJQoSdGVsZW1ldHJ5LnN\
    kay5uYW1lEg8KDW9wZW50ZWxlbWV0cnkKIQoVdGVsZW1ldHJ5LnNkay52ZXJzaW9uEggKBjEuMzAuMRAAElUKAwoBdBJOChDEWv3XzOubmsgqp\
    4E38ABmEgjqM3P0xetbmSoEc3RlcDABOQCc4j0NJOoYQYVg5j0NJOoYSgwKBm51bWJlchICGAdQAGAAcAB6AhgA";

/// The spans of a datagram, and the service that they are of.
fn of_datagram(text: &str) -> (String, Vec<opentelemetry_proto::tonic::trace::v1::Span>) {
    use base64::Engine as _;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use prost::Message as _;

    let spans = text.strip_prefix("{\"format\":\"json\",\"version\":1}\nT1S").expect("the head, and sampled spans");
    let spans = base64::engine::general_purpose::STANDARD.decode(spans).expect("base64");
    let mut request = ExportTraceServiceRequest::decode(&*spans).expect("OTLP");
    let mut of_resource = request.resource_spans.remove(0);
    let attributes = of_resource.resource.expect("a resource").attributes;
    let service = attributes.into_iter().find(|attribute| attribute.key == "service.name").expect("a service");
    let Some(Value::StringValue(service)) = service.value.and_then(|value| value.value) else { panic!("a text") };
    (service, of_resource.scope_spans.remove(0).spans)
}

#[tokio::test]
async fn many_spans_reach_the_x_ray_daemon_in_datagrams_of_awss_own_form() {
    let (service, spans) = of_datagram(OF_AWS);
    assert_eq!((service.as_str(), spans.len(), spans[0].name.as_str()), ("pay", 1, "step"));
    let daemon = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = daemon.local_addr().unwrap().to_string();
    let (dispatch, _nothing) = subscribers(&logging::Captured::default());
    let layer =
        TracesLayer::from_vars(move |name| (name == "AWS_XRAY_DAEMON_ADDRESS").then(|| address.clone())).service("pay");
    let incoming =
        Incoming { event: RawValue::from_string("{}".into()).unwrap(), invocation: invocation(Some(HEADER)) };
    let called = async move {
        let function = service_fn(async |_: Incoming| {
            for number in 0..400 {
                tracing::info_span!("step", number, padding = "x".repeat(200)).in_scope(|| ());
            }
            answer()
        });
        layer.layer(function).oneshot(incoming).await
    };
    called.with_subscriber(dispatch).await.unwrap();
    let (mut count, mut datagrams, mut buffer) = (0, 0, vec![0; 70_000]);
    while count < 401 {
        let length = daemon.recv(&mut buffer).await.unwrap();
        datagrams += 1;
        let (service, spans) = of_datagram(std::str::from_utf8(&buffer[..length]).unwrap());
        assert_eq!(service, "pay");
        count += spans.len();
    }
    assert_eq!(count, 401);
    assert!(datagrams > 1);
}
