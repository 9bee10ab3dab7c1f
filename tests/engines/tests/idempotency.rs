//! Idempotency on a real DynamoDB engine, in a table shared with Powertools for Python.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use engines::binary::Guarded;
use engines::{Engine, free_port};
use pilaster::idempotency::{Begun, Document, DynamoDbStore, Idempotency, IdempotencyError, Running};
use pilaster::{BoxError, Clients};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

type Tested = Result<(), BoxError>;

/// Far longer than any response takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Powertools for Python, with an engine.
struct Python {
    _engine: Arc<Engine>,
    _child: Guarded,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Python {
    fn start(engine: &Arc<Engine>) -> Self {
        let mut child = Command::new(engine.program("python"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/idempotency.py"))
            .envs(engine.environment())
            .env("POWERTOOLS_SERVICE_NAME", "interop")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map(Guarded)
            .expect("python starts");
        let stdin = child.0.stdin.take().expect("a pipe");
        let stdout = BufReader::new(child.0.stdout.take().expect("a pipe"));
        Self { _engine: Arc::clone(engine), _child: child, pipes: Mutex::new((stdin, stdout)) }
    }

    fn ask(&self, command: &Value) -> Value {
        let mut pipes = self.pipes.lock().expect("no thread panicked");
        writeln!(pipes.0, "{command}").expect("it reads");
        let mut line = String::new();
        pipes.1.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{command}: {line:?}"))
    }

    fn items(&self, table: &str) -> Vec<Value> {
        self.ask(&json!({ "items": table })).as_array().expect("items").clone()
    }
}

async fn client(engine: &Engine) -> Result<aws_sdk_dynamodb::Client, BoxError> {
    client_over(engine, Clients::new().get().await?)
}

fn client_over(engine: &Engine, http: SharedHttpClient) -> Result<aws_sdk_dynamodb::Client, BoxError> {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(engine.endpoint())
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(5)))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http);
    Ok(aws_sdk_dynamodb::Client::from_conf(config.build()))
}

// ------------------------------------------------------------------------------------------------ Powertools for Python

/// Both sides over one table, with the same prefix and the same expressions.
struct Shared {
    python: Python,
    table: &'static str,
    rust: Idempotency,
    payload: &'static str,
}

impl Shared {
    async fn new(table: &'static str, payload: &'static str) -> Result<Self, BoxError> {
        let engine = Engine::shared();
        let python = Python::start(&engine);
        python.ask(&json!({ "create": table }));
        let store = DynamoDbStore::table(table).client(client(&engine).await?);
        let mut rust = Idempotency::from_env(store).prefix("orders").key("[id, nested]");
        if !payload.is_empty() {
            rust = rust.payload(payload);
        }
        Ok(Self { python, table, rust, payload })
    }

    fn python(&self, event: &Value, options: Value) -> Value {
        let mut call = json!({
            "table": self.table, "prefix": "orders", "key": "[id, nested]", "payload": self.payload,
            "event": event, "remaining_ms": 30_000,
        });
        call.as_object_mut().expect("an object").extend(options.as_object().expect("an object").clone());
        self.python.ask(&json!({ "call": call }))
    }

    async fn begin(&self, event: &Value, deadline: Duration) -> Result<Begun, IdempotencyError> {
        let document = Document::of(event).expect("JSON");
        self.rust.begin(&document, Some(SystemTime::now() + deadline)).await
    }

    async fn lock(&self, event: &Value, deadline: Duration) -> Running {
        match self.begin(event, deadline).await {
            Ok(Begun::Run(running)) => running,
            other => panic!("it should run: {other:?}"),
        }
    }

    async fn replayed(&self, event: &Value) -> Value {
        match self.begin(event, PATIENCE).await {
            Ok(Begun::Replay(answer)) => serde_json::from_str(answer.get()).expect("JSON"),
            other => panic!("it should be replayed: {other:?}"),
        }
    }
}

/// Events whose keys are hashed the same only if every byte of their text is.
fn events() -> Vec<Value> {
    [
        json!("plain"),
        json!("Grüße \u{1F600} \u{7f} \"quoted\" \\ \n \u{1}"),
        json!(0),
        json!(-7),
        json!(18_446_744_073_709_551_615_u64),
        json!(1.0),
        json!(0.1),
        json!(1e16),
        json!(1.5e-7),
        json!(123_456_789.125),
        json!(true),
        json!({ "z": [1, { "b": null, "a": [] }], "A": {}, "é": "x" }),
    ]
    .into_iter()
    .enumerate()
    .map(|(id, nested)| json!({ "id": id, "nested": nested, "amount": 1 }))
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_python_completed_rust_replays_and_the_other_way_round() -> Tested {
    let shared = Shared::new("complete", "").await?;
    for (index, event) in events().iter().enumerate() {
        let answer = json!({ "statusCode": 200, "order": event["nested"], "ok": [null, false, "ü"] });
        if index % 2 == 0 {
            let report = shared.python(event, json!({ "returns": answer }));
            assert_eq!(report, json!({ "result": answer, "ran": true }), "{event}");
            assert_eq!(shared.replayed(event).await, answer, "{event}");
        } else {
            shared.lock(event, PATIENCE).await.complete(&to_raw_value(&answer)?).await?;
            let report = shared.python(event, json!({ "returns": "not this" }));
            assert_eq!(report, json!({ "result": answer, "ran": false }), "{event}");
        }
    }
    assert_eq!(shared.python.items(shared.table).len(), events().len(), "one record for each, from either library");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_write_the_same_item_attribute_by_attribute() -> Tested {
    let shared = Shared::new("items", "amount").await?;
    let event = &events()[1];
    let answer = json!({ "b": 1, "a": [1.0, "é"] });
    let stripped = |mut items: Vec<Value>| {
        let mut item = items.pop().expect("an item");
        // The times of the two calls differ; how long they are does not.
        for name in ["expiration", "in_progress_expiration"] {
            let text = item[name]["N"].as_str().unwrap_or_else(|| panic!("{name}: {item}"));
            item[name]["N"] = json!(text.len());
        }
        item
    };
    shared.python(event, json!({ "returns": answer }));
    let python_completed = stripped(shared.python.items("items"));
    shared.python.ask(&json!({ "delete": "items" }));
    shared.python(event, json!({ "fails": "killed" }));
    let python_in_progress = stripped(shared.python.items("items"));
    shared.python.ask(&json!({ "delete": "items" }));

    let running = shared.lock(event, PATIENCE).await;
    let mut in_progress = stripped(shared.python.items("items"));
    // The only attribute that Powertools lacks is removed with the response.
    let token = in_progress.as_object_mut().and_then(|item| item.remove("in_progress_token"));
    assert!(token.is_some_and(|token| token["S"].as_str().is_some_and(|token| token.len() == 32)));
    assert_eq!(in_progress, python_in_progress);
    running.complete(&to_raw_value(&answer)?).await?;
    assert_eq!(stripped(shared.python.items("items")), python_completed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_progress_in_one_language_is_refused_in_the_other_until_its_lock_ends() -> Tested {
    let shared = Shared::new("progress", "").await?;
    let (one, two) = (json!({ "id": 1 }), json!({ "id": 2 }));

    let killed = shared.python(&one, json!({ "fails": "killed", "remaining_ms": 6000 }));
    assert_eq!(killed, json!({ "error": "Killed", "ran": true }));
    assert!(shared.begin(&one, PATIENCE).await.unwrap_err().is_in_progress());
    let late = shared.lock(&two, Duration::from_secs(6)).await;
    let refused = shared.python(&two, json!({ "returns": 1 }));
    assert_eq!(refused, json!({ "error": "IdempotencyAlreadyInProgressError", "ran": false }));

    tokio::time::sleep(Duration::from_millis(6100)).await;
    shared.lock(&one, PATIENCE).await.complete(&to_raw_value("rust took over")?).await?;
    assert_eq!(shared.python(&one, json!({ "returns": 1 })), json!({ "result": "rust took over", "ran": false }));
    assert_eq!(shared.python(&two, json!({ "returns": "python took over" }))["ran"], true);
    // The fence: the late result of the first call in Rust changes nothing.
    assert!(late.complete(&to_raw_value("too late")?).await.unwrap_err().is_lost());
    assert_eq!(shared.replayed(&two).await, "python took over");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_in_one_language_runs_again_in_the_other() -> Tested {
    let shared = Shared::new("failed", "").await?;
    let event = json!({ "id": 1 });
    assert_eq!(shared.python(&event, json!({ "fails": "declined" }))["error"], "RuntimeError");
    shared.lock(&event, PATIENCE).await.release().await;
    assert_eq!(shared.python(&event, json!({ "returns": 7 })), json!({ "result": 7, "ran": true }));
    assert_eq!(shared.replayed(&event).await, 7);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_record_of_one_language_is_run_again_by_the_other() -> Tested {
    let mut shared = Shared::new("expired", "").await?;
    shared.rust = shared.rust.expires_after(Duration::from_secs(5));
    let (one, two) = (json!({ "id": 1 }), json!({ "id": 2 }));
    shared.python(&one, json!({ "returns": "old", "expires": 5 }));
    shared.lock(&two, PATIENCE).await.complete(&to_raw_value("old")?).await?;
    assert_eq!(shared.replayed(&one).await, "old");
    // Seconds are compared, and the second itself still counts.
    tokio::time::sleep(Duration::from_millis(6100)).await;
    shared.lock(&one, PATIENCE).await.complete(&to_raw_value("new")?).await?;
    assert_eq!(shared.python(&two, json!({ "returns": "new" })), json!({ "result": "new", "ran": true }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_payload_with_the_same_key_is_refused_by_both() -> Tested {
    let shared = Shared::new("payload", "[amount, currency]").await?;
    let order = |id: u32, amount: f64| json!({ "id": id, "amount": amount, "currency": "€" });
    shared.python(&order(1, 10.5), json!({ "returns": "paid" }));
    assert_eq!(shared.replayed(&order(1, 10.5)).await, "paid");
    assert!(shared.begin(&order(1, 11.0), PATIENCE).await.unwrap_err().is_payload_mismatch());

    shared.lock(&order(2, 10.5), PATIENCE).await.complete(&to_raw_value("paid")?).await?;
    assert_eq!(shared.python(&order(2, 10.5), json!({ "returns": 1 })), json!({ "result": "paid", "ran": false }));
    let refused = shared.python(&order(2, 11.0), json!({ "returns": 1 }));
    assert_eq!(refused, json!({ "error": "IdempotencyValidationError", "ran": false }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_a_sort_key_is_shared_too() -> Tested {
    let engine = Engine::shared();
    let python = Python::start(&engine);
    python.ask(&json!({ "create": "sorted", "sort": "sk" }));
    let store = DynamoDbStore::table("sorted").client(client(&engine).await?);
    let rust = Idempotency::from_env(store.sort_key("sk", Some("idempotency#".to_owned()))).prefix("orders").key("id");
    let call = |id: u32| {
        python.ask(&json!({ "call": {
            "table": "sorted", "sort": "sk", "prefix": "orders", "key": "id", "event": { "id": id },
            "returns": "python", "remaining_ms": 9000,
        } }))
    };
    assert_eq!(call(1)["ran"], true);
    let begin = async |id: u32| rust.begin(&Document::of(&json!({ "id": id })).expect("JSON"), None).await;
    assert!(matches!(begin(1).await?, Begun::Replay(answer) if answer.get() == "\"python\""));
    let Begun::Run(running) = begin(2).await? else { panic!("it is the first") };
    running.complete(&RawValue::from_string("\"rust\"".into())?).await?;
    assert_eq!(call(2), json!({ "result": "rust", "ran": false }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_first_calls_at_once_one_runs() -> Tested {
    let shared = Shared::new("race", "").await?;
    let shared = Arc::new(shared);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let shared = Arc::clone(&shared);
        calls.spawn(async move {
            match shared.begin(&json!({ "id": 1 }), PATIENCE).await {
                Ok(Begun::Run(running)) => {
                    let answer = RawValue::from_string("1".into()).expect("JSON");
                    running.complete(&answer).await.map(|()| "ran")
                }
                Ok(Begun::Replay(_)) => Ok("replayed"),
                Ok(Begun::Unkeyed) => Ok("unkeyed"),
                Err(error) if error.is_in_progress() => Ok("refused"),
                Err(error) => Err(error),
            }
        });
    }
    let mut outcomes = HashMap::new();
    while let Some(outcome) = calls.join_next().await {
        *outcomes.entry(outcome??).or_insert(0) += 1;
    }
    assert_eq!(outcomes.get("ran"), Some(&1), "{outcomes:?}");
    assert_eq!(outcomes.get("unkeyed"), None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_keeps_the_call_from_running() -> Tested {
    let engine = Engine::on(free_port());
    let store = DynamoDbStore::table("down").client(client(&engine).await?);
    let rust = Idempotency::from_env(store).prefix("orders");
    engine.stop();
    let error = rust.begin(&Document::of(&json!(1))?, None).await.unwrap_err();
    assert!(error.is_store_error(), "{error}");
    Ok(())
}

// ------------------------------------------------------------------------------------------------ faults on the way

/// A small generator of random numbers (splitmix64), by a seed.
#[derive(Debug)]
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, bound: u64) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// The connection to the engine, on which requests and responses get lost or late, and others are throttled or fail: below the
/// SDK, so that its own retries take part.
#[derive(Clone, Debug)]
struct Faulty {
    way: SharedHttpConnector,
    chance: Arc<Chance>,
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { way, chance } = self.clone();
        let answer = |status: u16, kind: &str| {
            let body = SdkBody::from(json!({ "__type": kind, "message": "a fault" }).to_string());
            HttpResponse::new(status.try_into().expect("a status"), body)
        };
        let reset = || ConnectorError::io("connection reset".into());
        HttpConnectorFuture::new(async move {
            let late = Duration::from_millis(chance.below(20));
            match chance.below(20) {
                0 => Err(reset()),
                1 => way.call(request).await.and_then(|_| Err(reset())),
                2 => {
                    way.call(request).await?;
                    tokio::time::sleep(late).await;
                    Err(ConnectorError::timeout("timed out".into()))
                }
                3 => Ok(answer(500, "InternalServerError")),
                4 => way.call(request).await.map(|_| answer(500, "InternalServerError")),
                5 => Ok(answer(400, "ProvisionedThroughputExceededException")),
                6 => {
                    tokio::time::sleep(late).await;
                    way.call(request).await
                }
                _ => way.call(request).await,
            }
        })
    }
}

/// Loses the responses to so many locks that the engine has written, or the requests for them.
#[derive(Clone, Debug)]
struct Losing {
    way: SharedHttpConnector,
    left: Arc<AtomicU32>,
    before: bool,
}

impl HttpConnector for Losing {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { way, left, before } = self.clone();
        let is_lock = request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".PutItem"));
        let take = |left: u32| left.checked_sub(1);
        let lost = is_lock && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        HttpConnectorFuture::new(async move {
            if lost && before {
                return Err(ConnectorError::io("connection reset".into()));
            }
            let answer = way.call(request).await;
            if lost { Err(ConnectorError::io("connection reset".into())) } else { answer }
        })
    }
}

/// Runs idempotency over a connection that loses so many responses to locks, or requests for them, and how many it still has to lose.
async fn over_losing(
    engine: &Engine,
    table: &str,
    times: u32,
    before: bool,
) -> Result<(Idempotency, Arc<AtomicU32>), BoxError> {
    let way: SharedHttpClient = Clients::new().get().await?;
    let left = Arc::new(AtomicU32::new(times));
    let kept = Arc::clone(&left);
    let http = http_client_fn(move |settings, components| {
        let way = way.http_connector(settings, components);
        SharedHttpConnector::new(Losing { way, left: Arc::clone(&kept), before })
    });
    let store = DynamoDbStore::table(table).client(client_over(engine, http)?);
    Ok((Idempotency::from_env(store).prefix("lost").key("id"), left))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_answers_get_lost_is_found_and_the_call_runs() -> Tested {
    let engine = Engine::shared();
    let python = Python::start(&engine);
    python.ask(&json!({ "create": "lost" }));
    // The SDK tries three times: the next try is refused by its own item, or all responses get lost.
    for times in [1, 2, 3] {
        let document = Document::of(&json!({ "id": times }))?;
        let (losing, left) = over_losing(&engine, "lost", times, false).await?;
        let Begun::Run(running) = losing.begin(&document, None).await? else { panic!("{times}: it is the first") };
        assert_eq!(left.load(Ordering::Relaxed), 0, "all were lost");
        let (other, _) = over_losing(&engine, "lost", 0, false).await?;
        assert!(other.begin(&document, None).await.unwrap_err().is_in_progress(), "no other call holds it");
        // Nor is it that of another one whose responses get lost as well.
        let (other, _) = over_losing(&engine, "lost", 3, false).await?;
        let error = other.begin(&document, None).await.unwrap_err();
        assert!(error.is_in_progress() || error.is_store_error(), "{error}");
        running.complete(&to_raw_value("done")?).await?;
        let Begun::Replay(answer) = losing.begin(&document, None).await? else { panic!("{times}: it is recorded") };
        assert_eq!(answer.get(), "\"done\"");
    }
    assert!(python.items("lost").iter().all(|item| item.get("in_progress_token").is_none()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_requests_are_lost_is_held_by_no_call() -> Tested {
    let engine = Engine::shared();
    let python = Python::start(&engine);
    python.ask(&json!({ "create": "unwritten" }));
    let document = Document::of(&json!({ "id": "unwritten" }))?;
    let (losing, left) = over_losing(&engine, "unwritten", 3, true).await?;
    assert!(losing.begin(&document, None).await.unwrap_err().is_store_error());
    assert_eq!(left.load(Ordering::Relaxed), 0);
    assert!(matches!(losing.begin(&document, None).await?, Begun::Run(_)), "the next one runs");
    Ok(())
}

/// Two first calls at once and three later ones with one key, over a bad connection: how often the effect came, and how many
/// of the calls got a response.
async fn order(once: Idempotency, seed: u64, chance: &Chance) -> (u32, usize) {
    let effects = AtomicU32::new(0);
    let document = Document::of(&json!({ "id": seed })).expect("JSON");
    let call = async || {
        let (takes, fails) = (Duration::from_millis(chance.below(30)), chance.below(6) == 0);
        let work = async || {
            tokio::time::sleep(takes).await;
            match fails {
                true => Err(BoxError::from("declined")),
                false => Ok(effects.fetch_add(1, Ordering::Relaxed) + 1),
            }
        };
        once.run(&document, Some(SystemTime::now() + 10 * PATIENCE), work).await.ok()
    };
    let (first, second) = tokio::join!(call(), call());
    let mut answers = vec![first, second];
    for _ in 0..3 {
        answers.push(call().await);
    }
    let answers = answers.into_iter().flatten().collect::<Vec<_>>();
    assert!(answers.iter().all(|answer| *answer == 1), "seed {seed}: {answers:?}");
    (effects.into_inner(), answers.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_orders_over_a_bad_connection_have_their_effect_once_or_tell_an_error() -> Tested {
    let engine = Engine::shared();
    Python::start(&engine).ask(&json!({ "create": "faults" }));
    let way: SharedHttpClient = Clients::new().get().await?;
    let mut orders = tokio::task::JoinSet::new();
    let (mut effects, mut answered) = (0, 0);
    for seed in 0..1000 {
        let chance = Arc::new(Chance(AtomicU64::new(seed)));
        let faulty = (way.clone(), Arc::clone(&chance));
        let http = http_client_fn(move |settings, components| {
            let way = faulty.0.http_connector(settings, components);
            SharedHttpConnector::new(Faulty { way, chance: Arc::clone(&faulty.1) })
        });
        let store = DynamoDbStore::table("faults").client(client_over(&engine, http)?);
        let once = Idempotency::from_env(store).prefix("faults").key("id");
        // As many at once as make good use of the engine.
        if orders.len() >= 16
            && let Some(done) = orders.join_next().await
        {
            let (count, answers): (u32, usize) = done?;
            assert!(count <= 1 && (count == 1 || answers == 0), "{count} effects, {answers} answers");
            effects += count;
            answered += answers;
        }
        orders.spawn(async move { order(once, seed, &chance).await });
    }
    while let Some(done) = orders.join_next().await {
        let (count, answers) = done?;
        assert!(count <= 1 && (count == 1 || answers == 0), "{count} effects, {answers} answers");
        effects += count;
        answered += answers;
    }
    assert!(effects > 500 && (1000..4500).contains(&answered), "{effects} effects, {answered} answers");
    Ok(())
}
