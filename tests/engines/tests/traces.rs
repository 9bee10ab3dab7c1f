//! A built binary behind a Runtime API (lambda-simulator): its spans at a collector, of invocations that run at once.

use std::collections::HashMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use engines::binary::Guarded;
use engines::collector::{Collector, attribute, hex, is_kept, trace_of};
use lambda_simulator::{InvocationBuilder, InvocationStatus, Simulator};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use serde_json::{Value, json};

/// Far longer than any response takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

const INVOCATIONS: u64 = 500;

fn end_of(number: u64) -> &'static str {
    match number % 10 {
        3 => "fail",
        7 => "panic",
        _ => "answer",
    }
}

/// Calls the function so often, eight at once, and gives back what it printed.
async fn call(collector: &str, invocations: u64, extra: &[(&str, &str)]) -> Vec<Value> {
    let simulator = Simulator::builder().function_name("traced").build().await.expect("the simulator starts");
    let mut command = Command::new(env!("CARGO_BIN_EXE_traced"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).envs(simulator.lambda_env_vars());
    command.env("AWS_LAMBDA_MAX_CONCURRENCY", "8").env("POWERTOOLS_SERVICE_NAME", "shop");
    command.env("AWS_LAMBDA_LOG_FORMAT", "JSON").env("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    // It must not be read: with managed concurrency it would be another invocation's.
    command.env("_X_AMZN_TRACE_ID", "Root=1-11111111-111111111111111111111111;Parent=1111111111111111;Sampled=1");
    command.envs(extra.iter().copied());
    let mut child = command.spawn().map(Guarded).expect("the function starts");
    let mut pipe = child.0.stdout.take().expect("a pipe");
    // Read all the time, so that the function never waits for us.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        text
    });
    let mut asked = Vec::new();
    for number in 0..invocations {
        let event = json!({ "number": number, "end": end_of(number) });
        let mut invocation = InvocationBuilder::new().payload(event).build().expect("an invocation");
        let (trace, kept) = (trace_of(number), u8::from(is_kept(number)));
        let (time, rest) = trace.split_at(8);
        invocation.trace_id = format!("Root=1-{time}-{rest};Parent={:016x};Sampled={kept}", number + 1);
        asked.push((number, simulator.enqueue(invocation).await));
    }
    for (number, id) in &asked {
        let outcome = simulator.wait_for_invocation_complete(id, PATIENCE).await.expect("an outcome");
        assert_eq!(matches!(outcome.status, InvocationStatus::Success), end_of(*number) == "answer", "{number}");
    }
    drop(child);
    let text = reader.join().expect("the reader");
    let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not a JSON line: {line}"));
    text.lines().map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_five_hundred_invocations_at_once_has_its_spans_in_its_own_trace() {
    let collector = Collector::start().await;
    let lines = call(collector.address(), INVOCATIONS, &[]).await;

    let mut traces: HashMap<String, Vec<Span>> = HashMap::new();
    for span in collector.spans() {
        traces.entry(hex(&span.trace_id)).or_default().push(span);
    }
    let kept = (0..INVOCATIONS).filter(|number| is_kept(*number)).count();
    assert_eq!(traces.len(), kept, "of the others nothing is sent");
    for number in (0..INVOCATIONS).filter(|number| is_kept(*number)) {
        let spans = &traces[&trace_of(number)];
        let of = |name| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
        let [root] = of("traced")[..] else { panic!("one span for the invocation: {spans:#?}") };
        assert_eq!((of("step").len(), of("spawned").len(), spans.len()), (5, 1, 7), "nothing lost, nothing else");
        assert_eq!(hex(&root.parent_span_id), format!("{:016x}", number + 1));
        for span in spans.iter().filter(|span| span.name != "traced") {
            assert_eq!(span.parent_span_id, root.span_id);
            assert_eq!(attribute(&span.attributes, "number"), Some(number.to_string()), "nothing mixed");
        }
        let failed = root.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        assert_eq!(failed, end_of(number) != "answer");
        let error_type = attribute(&root.attributes, "error.type");
        assert_eq!(error_type.as_deref() == Some("Panic"), end_of(number) == "panic", "{error_type:?}");
    }
    let cold = |span: &&Span| attribute(&span.attributes, "faas.coldstart").as_deref() == Some("true");
    // Which of those at once is the cold one is up to the scheduler; its spans may be of those that are not kept.
    let cold_lines = lines.iter().filter(|line| line["message"] == "at its end" && line["cold_start"] == true);
    let cold_numbers: Vec<_> = cold_lines.filter_map(|line| line["number"].as_u64()).collect();
    assert_eq!(cold_numbers.len(), 1, "{cold_numbers:?}");
    let kept = cold_numbers.into_iter().filter(|number| is_kept(*number)).count();
    assert_eq!(traces.values().flatten().filter(cold).count(), kept);

    let requests = collector.requests();
    let resource = requests[0].resource_spans[0].resource.as_ref().expect("a resource");
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("shop"));
    assert_eq!(attribute(&resource.attributes, "faas.name").as_deref(), Some("traced"));

    // The lines find their spans.
    let ends: Vec<_> = lines.iter().filter(|line| line["message"] == "at its end").collect();
    assert_eq!(ends.len() as u64, INVOCATIONS);
    for line in ends {
        let number = line["number"].as_u64().expect("its number");
        assert_eq!(line["trace_id"], trace_of(number));
        if let Some(spans) = traces.get(&trace_of(number)) {
            let root = spans.iter().find(|span| span.name == "traced").expect("the invocation's");
            assert_eq!(line["span_id"], hex(&root.span_id));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_each_invocation_succeeds_with_one_warning() {
    let unreachable = engines::Unreachable::bind();
    let lines = call(&format!("http://{}", unreachable.address()), 30, &[]).await;
    let report = lines.iter().filter(|line| line["level"] == "WARN").collect::<Vec<_>>();
    assert_eq!(report.len(), 1, "{report:#?}");
    assert!(
        report[0]["message"].as_str().is_some_and(|text| text.starts_with("spans could not be sent")),
        "{report:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turned_off_it_sends_nothing() {
    let collector = Collector::start().await;
    call(collector.address(), 10, &[("OTEL_SDK_DISABLED", "true")]).await;
    assert_eq!(collector.spans(), []);
}
