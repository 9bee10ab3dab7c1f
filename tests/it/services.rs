//! The services that every kind of function has, through whole functions of AppSync and of tools: one table of kinds, and a
//! test for each service.

mod idempotency;
mod kinds;
mod spans;

use std::io;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use lambda_runtime::Context;
use pilaster::observe::logging::{self, CapturedLogs, LoggingLayer, correlation_paths};
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::observe::traces::{CapturedSpans, TracesLayer};
use pilaster::{BoxError, Clients, FromClients, FunctionError, Invocation, Metrics, MetricsLayer};
use serde_json::{Value, json};

use self::kinds::{Kind, kinds};

/// A client that a test replaces.
#[derive(Clone)]
struct Factor(u32);

impl FromClients for Factor {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Err("a test puts its own in place".into())
    }
}

/// The work of each function: it ends as it is asked to, and returns its parts of the invocation.
async fn work(metrics: Metrics, factor: Factor, invocation: Invocation, how: &str) -> Result<String, BoxError> {
    let id = invocation.request_id().to_owned();
    metrics.count("Calls", 1)?;
    metrics.metadata("request", &id)?;
    logging::append_key("mine", &id);
    logging::set_correlation_id(format!("correlated-{id}"));
    // Two invocations take turns here.
    tokio::time::sleep(Duration::from_millis(100)).await;
    tracing::info!(of = id, "the work goes on");
    match how {
        "error" => return Err(io::Error::other("the disk is full").into()),
        "panic" => panic!("the disk is on fire"),
        "late" => std::future::pending().await,
        _ => {}
    }
    Ok(format!("{} of {}, {}", factor.0, invocation.tenant_id().unwrap_or("nobody"), invocation.remaining().is_some()))
}

/// The output of the calls of one function.
#[derive(Clone, Default)]
struct Seen {
    lines: CapturedLogs,
    metrics: CapturedMetrics,
    spans: CapturedSpans,
}

impl Seen {
    fn traces(&self) -> TracesLayer {
        TracesLayer::new().captured(&self.spans)
    }

    fn metrics(&self) -> MetricsLayer {
        MetricsLayer::new().namespace("Shop").writer(self.metrics.clone())
    }

    /// Returns the lines of an invocation.
    fn lines_of(&self, id: &str) -> Vec<Value> {
        let lines = self.lines.lines().into_iter();
        lines.filter(|line| line["function_request_id"] == id).collect()
    }
}

/// A call: the id of its invocation, its tenant, and how the work ends.
#[derive(Clone, Copy)]
struct Asked<'a> {
    id: &'a str,
    tenant: Option<&'a str>,
    how: &'a str,
    time_left: Duration,
}

fn asked<'a>(id: &'a str, how: &'a str) -> Asked<'a> {
    Asked { id, tenant: None, how, time_left: Duration::from_secs(10) }
}

impl Asked<'_> {
    /// Adds the ids to a context, which has the name of a tool already.
    fn context(&self, mut context: Context) -> Context {
        context.request_id = self.id.to_owned();
        context.tenant_id = self.tenant.map(str::to_owned);
        context.invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:f".to_owned();
        context
    }
}

type Answers = Vec<Result<Value, FunctionError>>;

#[tokio::test(start_paused = true)]
async fn clients_the_tenant_and_the_deadline_reach_each_function() {
    for kind in kinds() {
        let seen = Seen::default();
        let asked = Asked { tenant: Some("acme"), ..asked("id-1", "well") };
        let answer = kind.call(&seen, &[asked]).await.remove(0).unwrap().to_string();
        assert!(!kind.answers || answer.contains("7 of acme, true"), "{}: {answer}", kind.name);
        let lines = seen.lines_of("id-1");
        let called: Vec<_> = lines.iter().filter(|line| line["message"] == "the work goes on").collect();
        assert_eq!(called.len(), 1, "{}: {}", kind.name, seen.lines.text());
        for (key, value) in [
            ("tenant_id", "acme"),
            ("mine", "id-1"),
            ("correlation_id", "correlated-id-1"),
            ("function_arn", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
        ] {
            assert_eq!(called[0][key], value, "{}: {key}", kind.name);
        }
        assert_eq!(called[0]["cold_start"], false, "{}", kind.name);
        assert_eq!(seen.lines.lines().len(), lines.len(), "{}: each line has the id", kind.name);
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_are_written_once_however_a_call_ends() {
    for kind in kinds() {
        for how in ["well", "error", "panic", "late"] {
            let seen = Seen::default();
            let answer = kind.call(&seen, &[asked("id-1", how)]).await.remove(0);
            let (text, name) = (answer.map_or_else(|error| error.to_string(), |answer| answer.to_string()), kind.name);
            assert!(!text.contains("disk"), "{name} {how}: {text}");
            let blobs = seen.metrics.blobs();
            assert_eq!((blobs.len(), seen.metrics.values("Calls")), (1, vec![1.0]), "{name} {how}");
            assert_eq!(blobs[0]["request"], "id-1", "{name} {how}");
            // One line with the reason; that of a panic is the hook's, which writes to the process's subscriber.
            let lines = seen.lines.lines();
            let failed: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
            let expected = match how {
                "well" => None,
                // The stack leaves the line of a panic to the hook.
                "panic" if name == "router of an agent" => None,
                "error" => Some("the disk is full"),
                "panic" => Some("panicked"),
                _ => Some("cancelled after 9."),
            };
            assert_eq!(failed.len(), usize::from(expected.is_some()), "{name} {how}: {failed:#?}");
            if let Some(expected) = expected {
                let line = failed[0].to_string();
                assert!(line.contains(expected), "{name} {how}: {line}");
                assert_eq!(failed[0]["function_request_id"], "id-1", "{name} {how}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_invocations_at_once_are_kept_apart() {
    for kind in kinds() {
        let seen = Seen::default();
        let late = Asked { tenant: Some("a"), time_left: Duration::from_secs(3), ..asked("id-a", "late") };
        let well = Asked { tenant: Some("b"), ..asked("id-b", "well") };
        let answers = kind.call(&seen, &[late, well]).await;
        let name = kind.name;
        assert!(!format!("{:?}", answers[0]).contains("7 of"), "{name}");
        let answer = format!("{:?}", answers[1]);
        assert!(!kind.answers || answer.contains("7 of b, true"), "{name}: {answer}");
        for (id, tenant) in [("id-a", "a"), ("id-b", "b")] {
            let lines = seen.lines_of(id);
            let called = lines.iter().find(|line| line["message"] == "the work goes on").expect(name);
            let keys = [&called["mine"], &called["of"], &called["correlation_id"], &called["tenant_id"]];
            assert_eq!(keys, [id, id, &*format!("correlated-{id}"), tenant], "{name}");
        }
        let (lines, of_late) = (seen.lines.lines(), seen.lines_of("id-a"));
        let failed: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
        assert_eq!(failed.len(), 1, "{name}: {failed:#?}");
        assert!(of_late.contains(failed[0]), "{name}: {failed:#?}");
        assert!(failed[0].to_string().contains("cancelled after 2."), "{name}: {failed:#?}");
        let mut blobs: Vec<_> = seen.metrics.blobs().into_iter().map(|blob| blob["request"].clone()).collect();
        blobs.sort_by_key(Value::to_string);
        assert_eq!(
            (blobs, seen.metrics.values("Calls")),
            (vec![json!("id-a"), json!("id-b")], vec![1.0, 1.0]),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_call_is_answered_without_the_function() {
    for kind in kinds() {
        for event in [json!({ "source": "serverless-plugin-warmup" }), json!({ "warmer": true })] {
            let seen = Seen::default();
            let answer = kind.send(&seen, event.clone()).await;
            let lines = seen.lines.lines();
            let warmed =
                lines.iter().filter(|line| line["message"] == "responded to a warm-up call without the function");
            assert_eq!(warmed.count(), usize::from(kind.is_warmed), "{}: {event}", kind.name);
            assert!(seen.metrics.values("Calls").is_empty(), "{}", kind.name);
            if kind.is_warmed {
                assert_eq!(answer.unwrap(), Value::Null, "{}", kind.name);
                assert!(seen.spans.spans().is_empty(), "{}", kind.name);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_be_decoded_is_logged_with_its_invocation() {
    for kind in kinds() {
        for event in [json!({}), json!([7]), json!("text"), Value::Null] {
            let seen = Seen::default();
            let answer = kind.send(&seen, event.clone()).await;
            let lines = seen.lines.lines();
            assert!(lines.iter().all(|line| line["function_request_id"] == "id-0"), "{}: {lines:#?}", kind.name);
            // Arguments that do not fit are an answer to a gateway; a request that cannot be decoded is a 400.
            let is_logged =
                lines.iter().any(|line| ["ERROR", "WARN", "INFO"].iter().any(|level| line["level"] == *level));
            assert!(is_logged, "{}: {event}: {answer:?}", kind.name);
            assert!(seen.metrics.values("Calls").is_empty(), "{}", kind.name);
        }
    }
}

#[tokio::test]
async fn the_correlation_paths_of_appsync_find_an_id_in_each_of_its_events() {
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    for (name, path, id) in [
        ("resolver", correlation_paths::APPSYNC_RESOLVER, trace),
        ("publish", correlation_paths::APPSYNC_RESOLVER, trace),
        ("subscribe", correlation_paths::APPSYNC_RESOLVER, trace),
        ("authorizer", correlation_paths::APPSYNC_AUTHORIZER, "b80ed838-14c6-4500-b4c3-b694c7bef086"),
        ("channel authorizer", correlation_paths::APPSYNC_AUTHORIZER, "b80ed838-14c6-4500-b4c3-b694c7bef086"),
    ] {
        let lines = CapturedLogs::default();
        let layer = LoggingLayer::new().correlation_id(path);
        let function = pilaster::handler(async |_: pilaster::Event<Value>| {
            tracing::info!("called");
            Ok::<_, BoxError>(())
        });
        let event = kinds().into_iter().find(|kind| kind.name == name).unwrap().event("well");
        pilaster::testing::Caller::new(function.outer(layer)).with_logs(&lines).call(event).await.unwrap();
        assert_eq!(lines.lines()[0]["correlation_id"], id, "{name}");
    }
}

impl Kind {
    fn call<'a>(&'a self, seen: &Seen, asked: &'a [Asked<'a>]) -> LocalBoxFuture<'a, Answers> {
        let calls = asked.iter().map(|asked| (asked.context((self.context)()), asked.time_left, self.event(asked.how)));
        (self.call)(seen.clone(), calls.collect())
    }

    /// Calls the function with any event, not as a gateway.
    async fn send(&self, seen: &Seen, event: Value) -> Result<Value, FunctionError> {
        let asked = asked("id-0", "");
        let call = (asked.context(Context::default()), asked.time_left, event);
        (self.call)(seen.clone(), vec![call]).await.remove(0)
    }

    fn event(&self, how: &str) -> Value {
        (self.event)(how)
    }
}
