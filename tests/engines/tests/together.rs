//! A built binary with metrics, traces, logs and idempotency all on, behind a Runtime API (lambda-simulator): 500 invocations, half
//! of them doubles of another, one at a time and 64 at once. What each left on standard output, at a collector and in the tables.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use engines::Engine;
use engines::binary::Guarded;
use engines::collector::{Collector, attribute, hex, is_kept, trace_of};
use lambda_simulator::{InvocationBuilder, InvocationState, InvocationStatus, Simulator};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use pilaster::{BoxError, Clients};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Far longer than any response takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time of an invocation that hangs.
const SHORT: Duration = Duration::from_secs(3);

/// Each is asked for twice.
const KEYS: u64 = 250;

/// Returns the outcome of the invocations with this key, if they run.
fn end_of(key: u64) -> &'static str {
    match key {
        5 | 88 | 171 => "hang",
        _ if key % 10 == 3 => "fail",
        _ if key % 10 == 7 => "panic",
        _ => "answer",
    }
}

fn error_type_of(key: u64) -> &'static str {
    match end_of(key) {
        "hang" => "Timeout",
        "panic" => "Panic",
        _ => "Error",
    }
}

/// The double of an invocation, too, has its own number.
fn key_of(number: u64) -> u64 {
    number % KEYS
}

/// A double of every other key comes right behind the first, the others when all firsts have come.
fn in_turn() -> Vec<u64> {
    let firsts = (0..KEYS).flat_map(|key| if key % 2 == 0 { vec![key, KEYS + key] } else { vec![key] });
    firsts.chain((0..KEYS).filter(|key| key % 2 == 1).map(|key| KEYS + key)).collect()
}

/// The two tables, with the engine that has them.
struct Tables {
    engine: Engine,
    client: Client,
}

impl Tables {
    async fn new() -> Result<Self, BoxError> {
        let engine = Engine::start();
        let http: SharedHttpClient = Clients::new().get().await?;
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(engine.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(http);
        let client = Client::from_conf(config.build());
        for table in ["once", "ledger"] {
            let id = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?;
            let kind = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
            let create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
            create.key_schema(id).attribute_definitions(kind.build()?).send().await?;
        }
        Ok(Self { engine, client })
    }

    async fn items(&self, table: &str) -> Result<Vec<HashMap<String, AttributeValue>>, BoxError> {
        let pages = self.client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
        Ok(pages.collect::<Result<_, _>>().await?)
    }
}

/// The outcomes of all invocations.
struct Seen {
    /// By their numbers.
    states: BTreeMap<u64, InvocationState>,
    lines: Vec<Value>,
    spans: Vec<Span>,
    tables: Tables,
}

/// Calls the function 500 times, so many at once.
async fn call(at_once: usize) -> Result<Seen, BoxError> {
    let tables = Tables::new().await?;
    let collector = Collector::start().await;
    let simulator = Arc::new(Simulator::builder().function_name("together").build().await?);
    let mut command = Command::new(env!("CARGO_BIN_EXE_together"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
    command.envs(simulator.lambda_env_vars()).envs(tables.engine.environment());
    command.env("POWERTOOLS_SERVICE_NAME", "shop").env("AWS_LAMBDA_LOG_FORMAT", "JSON");
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address());
    if at_once > 1 {
        command.env("AWS_LAMBDA_MAX_CONCURRENCY", at_once.to_string());
    }
    let mut child = command.spawn().map(Guarded)?;
    let mut pipe = child.0.stdout.take().expect("a pipe");
    // Read all the time, so that the function never waits for us.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        text
    });

    // Asked only when there is a place for it: an invocation's time begins when it is asked.
    let places = Arc::new(Semaphore::new(at_once));
    let mut asked = JoinSet::new();
    for number in in_turn() {
        let place = Arc::clone(&places).acquire_owned().await?;
        let key = key_of(number);
        let event = json!({ "number": number, "key": format!("k-{key}"), "end": end_of(key) });
        let time = if end_of(key) == "hang" { SHORT } else { PATIENCE };
        let mut invocation = InvocationBuilder::new().payload(event).timeout_ms(time.as_millis() as u64).build()?;
        let (trace, kept) = (trace_of(number), u8::from(is_kept(number)));
        let (time, rest) = trace.split_at(8);
        invocation.trace_id = format!("Root=1-{time}-{rest};Parent={:016x};Sampled={kept}", number + 1);
        let id = simulator.enqueue(invocation).await;
        let simulator = Arc::clone(&simulator);
        asked.spawn(async move {
            let _place = place;
            (number, simulator.wait_for_invocation_complete(&id, PATIENCE).await)
        });
    }
    let mut states = BTreeMap::new();
    while let Some(answered) = asked.join_next().await {
        let (number, state) = answered?;
        states.insert(number, state?);
    }
    drop(child);
    let text = reader.join().expect("the reader");
    let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not a JSON line: {line}"));
    let mut spans = collector.spans();
    // What is not sent before a deadline is sent again.
    let mut seen = HashSet::new();
    spans.retain(|span| seen.insert(span.span_id.clone()));
    Ok(Seen { states, lines: text.lines().map(read).collect(), spans, tables })
}

/// The outcome of one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outcome {
    Charged,
    Replayed,
    /// Another with its key was running.
    Refused,
    /// The outcome that was requested.
    Failed,
}

impl Seen {
    fn error_type(&self, number: u64) -> Option<&str> {
        self.states[&number].error.as_ref().map(|error| error.error_type.as_str())
    }

    /// Returns the outcome of each invocation, by its response alone.
    fn outcomes(&self) -> BTreeMap<u64, Outcome> {
        let outcome = |number: u64| {
            let (state, key) = (&self.states[&number], key_of(number));
            match self.error_type(number) {
                Some("IdempotencyAlreadyInProgressError") => Outcome::Refused,
                Some(error_type) => {
                    assert!(end_of(key) != "answer" && error_type == error_type_of(key), "{number}: {error_type}");
                    Outcome::Failed
                }
                None => {
                    assert_eq!((&state.status, end_of(key)), (&InvocationStatus::Success, "answer"), "{number}");
                    let answer = &state.response.as_ref().expect("a response").payload;
                    assert_eq!(answer["key"], format!("k-{key}"), "{number}");
                    let by = answer["number"].as_u64().expect("who did it");
                    assert_eq!(key_of(by), key, "the answer to another");
                    if by == number { Outcome::Charged } else { Outcome::Replayed }
                }
            }
        };
        self.states.keys().map(|number| (*number, outcome(*number))).collect()
    }

    /// Each key was charged once, its duplicate has the same response or must retry, and nothing is left of a failure.
    async fn assert_effects(&self, outcomes: &BTreeMap<u64, Outcome>) -> Result<(), BoxError> {
        let number_of = |item: &HashMap<String, AttributeValue>, name: &str| -> u64 {
            item[name].as_n().expect("a number").parse().expect("a whole one")
        };
        let ledger = self.tables.items("ledger").await?;
        let ledger: HashMap<String, u64> =
            ledger.iter().map(|item| (item["id"].as_s().expect("a key").clone(), number_of(item, "charges"))).collect();
        let answering = (0..KEYS).filter(|key| end_of(*key) == "answer").collect::<Vec<_>>();
        assert_eq!(ledger.len(), answering.len());
        for key in answering {
            assert_eq!(ledger.get(&format!("k-{key}")), Some(&1), "the effect of {key} came once");
            let pair = [outcomes[&key], outcomes[&(KEYS + key)]];
            assert_eq!(pair.iter().filter(|outcome| **outcome == Outcome::Charged).count(), 1, "{key}: {pair:?}");
        }
        let records = self.tables.items("once").await?;
        let status = |item: &HashMap<String, AttributeValue>| item["status"].as_s().expect("a status").clone();
        let (completed, left): (Vec<_>, Vec<_>) = records.iter().partition(|item| status(item) == "COMPLETED");
        assert_eq!(completed.len(), ledger.len());
        // The process may have ended before what hung had released its lock.
        let hung = (0..KEYS).filter(|key| end_of(*key) == "hang").count();
        assert!(left.len() <= hung, "{left:?}");
        Ok(())
    }

    /// One blob for each invocation, with its own values.
    fn assert_metrics(&self, outcomes: &BTreeMap<u64, Outcome>) {
        let blobs = self.lines.iter().filter(|line| line.get("_aws").is_some());
        let (cold, blobs): (Vec<_>, Vec<_>) = blobs.partition(|blob| blob.get("ColdStart").is_some());
        assert_eq!(cold.len(), 1);
        let mut seen = HashSet::new();
        for blob in blobs {
            let number = blob["number"].as_u64().expect("the metadata");
            assert!(seen.insert(number), "two blobs of {number}");
            let outcome = outcomes[&number];
            let ran = matches!(outcome, Outcome::Charged | Outcome::Failed);
            let of = |name: &str, is: bool, values: Value| {
                assert_eq!(blob.get(name), is.then_some(&values), "{name} of {number}, {outcome:?}: {blob}");
            };
            of("Steps", ran, json!([5.0]));
            of("Spawned", ran, json!([1.0]));
            of("Number", ran, Value::from(vec![number as f64; 5]));
            of("Charges", outcome == Outcome::Charged, json!([1.0]));
            of("IdempotentReplays", outcome == Outcome::Replayed, json!([1.0]));
            assert_eq!(blob["InvocationLatency"].as_array().map(Vec::len), Some(1));
            assert_eq!(blob["service"], "shop");
        }
        assert_eq!(seen.len(), outcomes.len(), "none is missing");
    }

    /// One tree of spans for each invocation whose trace is kept, and nothing else.
    fn assert_spans(&self, outcomes: &BTreeMap<u64, Outcome>) -> HashMap<u64, String> {
        let mut traces: HashMap<String, Vec<&Span>> = HashMap::new();
        for span in &self.spans {
            traces.entry(hex(&span.trace_id)).or_default().push(span);
        }
        let kept = outcomes.keys().filter(|number| is_kept(**number)).copied().collect::<Vec<_>>();
        assert_eq!(traces.len(), kept.len(), "of the others nothing is sent");
        let mut roots = HashMap::new();
        for number in kept {
            let (spans, outcome) = (&traces[&trace_of(number)], outcomes[&number]);
            let of = |name: &str| spans.iter().filter(|span| span.name == name).count();
            let [root] = spans.iter().filter(|span| span.name == "together").collect::<Vec<_>>()[..] else {
                panic!("one span for the invocation: {spans:#?}")
            };
            roots.insert(number, hex(&root.span_id));
            assert_eq!(hex(&root.parent_span_id), format!("{:016x}", number + 1));
            assert!(spans.iter().all(|span| span.name == "together" || span.parent_span_id == root.span_id));

            let numbered = spans.iter().filter(|span| ["step", "spawned"].contains(&&*span.name));
            for span in numbered {
                assert_eq!(attribute(&span.attributes, "number"), Some(number.to_string()), "nothing mixed");
            }
            let ran = usize::from(matches!(outcome, Outcome::Charged | Outcome::Failed));
            let charged = usize::from(outcome == Outcome::Charged);
            let report =
                || format!("{number}, {outcome:?}: {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
            assert_eq!((of("step"), of("spawned")), (5 * ran, ran), "{}", report());
            // The lock, the charge and the record of its response. An expired lock is requested again,
            // and the lock of a call that hangs is released when no caller waits for it.
            let asked = of("DynamoDB.PutItem");
            assert!((1..=3).contains(&asked), "{}", report());
            assert_eq!(of("DynamoDB.UpdateItem"), 2 * charged, "{}", report());
            let (released, hung) = (of("DynamoDB.DeleteItem"), end_of(key_of(number)) == "hang");
            assert!(released == ran - charged || (released == 0 && hung), "{}", report());
            assert_eq!(spans.len(), 1 + asked + 6 * ran + 2 * charged + released, "nothing else: {}", report());

            let failed = root.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
            assert_eq!(failed, self.error_type(number).is_some());
            assert_eq!(attribute(&root.attributes, "error.type").as_deref(), self.error_type(number));
            let id = &self.states[&number].invocation.request_id;
            assert_eq!(attribute(&root.attributes, "faas.invocation_id").as_ref(), Some(id));
        }
        roots
    }

    /// Each line has the request id and the trace of the invocation that it is of, and none is missing.
    fn assert_lines(&self, outcomes: &BTreeMap<u64, Outcome>, roots: &HashMap<u64, String>) {
        let numbers: HashMap<&str, u64> =
            self.states.iter().map(|(number, state)| (&*state.invocation.request_id, *number)).collect();
        let mut report: HashMap<(u64, &str), usize> = HashMap::new();
        for line in self.lines.iter().filter(|line| line.get("_aws").is_none()) {
            let id = line["function_request_id"].as_str().unwrap_or_else(|| panic!("no request id: {line}"));
            let number = numbers[id];
            assert!(line.get("number").is_none_or(|of| of.as_u64() == Some(number)), "another's: {line}");
            assert_eq!(line["trace_id"], trace_of(number), "{line}");
            if let (Some(root), Some(span)) = (roots.get(&number), line.get("span_id")) {
                assert!(span == root.as_str() || self.spans.iter().any(|it| hex(&it.span_id) == *span), "{line}");
            }
            let what = if line["level"] == "ERROR" { "an error" } else { line["message"].as_str().expect("a message") };
            *report.entry((number, what)).or_default() += 1;
        }
        for (number, outcome) in outcomes {
            let mut count = |what| report.remove(&(*number, what)).unwrap_or_default();
            let counts = ["at its beginning", "in a task of its own", "charged", "an error"].map(&mut count);
            let expected = match outcome {
                Outcome::Charged => [1, 1, 1, 0],
                Outcome::Replayed => [0, 0, 0, 0],
                Outcome::Refused => [0, 0, 0, 1],
                Outcome::Failed => [1, 1, 0, 1],
            };
            assert_eq!(counts, expected, "{number}, {outcome:?}");
            if end_of(key_of(*number)) == "hang" {
                count("spans could not be sent before the deadline; the next invocation sends them");
            }
        }
        assert!(report.is_empty(), "nothing else: {report:?}");
    }
}

async fn nothing_is_mixed_and_nothing_lost(at_once: usize) -> Result<HashMap<Outcome, usize>, BoxError> {
    let seen = call(at_once).await?;
    let outcomes = seen.outcomes();
    assert_eq!(outcomes.len() as u64, 2 * KEYS);
    seen.assert_effects(&outcomes).await?;
    seen.assert_metrics(&outcomes);
    let roots = seen.assert_spans(&outcomes);
    seen.assert_lines(&outcomes, &roots);
    let mut counts = HashMap::new();
    for outcome in outcomes.into_values() {
        *counts.entry(outcome).or_default() += 1;
    }
    Ok(counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_five_hundred_invocations_one_at_a_time_nothing_is_mixed_and_nothing_lost() -> Result<(), BoxError> {
    let counts = nothing_is_mixed_and_nothing_lost(1).await?;
    let answering = (0..KEYS).filter(|key| end_of(*key) == "answer").count();
    assert_eq!((counts[&Outcome::Charged], counts[&Outcome::Replayed]), (answering, answering), "{counts:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_five_hundred_invocations_sixty_four_at_once_nothing_is_mixed_and_nothing_lost() -> Result<(), BoxError> {
    let counts = nothing_is_mixed_and_nothing_lost(64).await?;
    assert!(counts[&Outcome::Replayed] > 0 && counts[&Outcome::Failed] > 0, "{counts:?}");
    Ok(())
}
