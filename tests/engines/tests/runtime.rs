//! A built binary behind a Runtime API (lambda-simulator): what it answers, what it logs, and that it stays.

use std::collections::HashMap;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lambda_simulator::{InvocationBuilder, InvocationStatus, Simulator};
use serde_json::{Value, json};

/// Far beyond what any answer takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

/// The probe under a simulator of its own; killed with the test.
struct Probe {
    simulator: Simulator,
    child: Child,
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probe"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Probe {
    async fn start(environment: &[(&str, &str)]) -> Self {
        let simulator = Simulator::builder().function_name("probe").build().await.expect("the simulator starts");
        let child = binary()
            .envs(simulator.lambda_env_vars())
            .env("POWERTOOLS_SERVICE_NAME", "probe")
            .envs(environment.iter().copied())
            .spawn()
            .expect("the probe starts");
        Self { simulator, child }
    }

    async fn enqueue(&self, event: Value) -> String {
        let invocation = InvocationBuilder::new().payload(event).build().expect("an invocation");
        self.simulator.enqueue(invocation).await
    }

    /// The answer to an invocation, or the error that was posted.
    async fn outcome(&self, id: &str) -> Result<Value, Value> {
        let state = self.simulator.wait_for_invocation_complete(id, PATIENCE).await.expect("an outcome");
        match state.status {
            InvocationStatus::Success => Ok(state.response.expect("a response").payload),
            _ => {
                let error = state.error.expect("an error");
                Err(json!({ "type": error.error_type, "message": error.error_message }))
            }
        }
    }

    async fn call(&self, event: Value) -> Result<Value, Value> {
        let id = self.enqueue(event).await;
        self.outcome(&id).await
    }

    /// Ends the probe; its lines.
    fn end(mut self) -> Vec<Value> {
        let _ = self.child.kill();
        let mut text = String::new();
        self.child.stdout.take().expect("a pipe").read_to_string(&mut text).expect("text");
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not a JSON line: {line}")))
            .collect()
    }
}

fn event(path: &str, number: u32) -> Value {
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": format!("number={number}"),
        "headers": { "host": "api.example.com", "origin": "https://app.example.com", "x-number": number.to_string() },
        "requestContext": { "http": { "method": "GET", "path": path }, "stage": "$default", "requestId": format!("gateway-{number}") },
        "isBase64Encoded": false,
    })
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON")
}

#[tokio::test]
async fn the_process_outlives_every_bad_event_and_answers_the_next() {
    let probe = Probe::start(&[]).await;
    let first = probe.call(event("/", 1)).await.expect("an answer");
    assert_eq!((&first["statusCode"], &body(&first)["cold_start"]), (&json!(200), &json!(true)));

    let refused = probe.call(json!({ "Records": [{ "eventSource": "aws:sqs", "body": "{}" }] })).await;
    assert_eq!(refused.expect_err("no HTTP event")["type"], "NotAnHttpEvent");

    for (part, pointer, value) in [
        ("`host`", "/headers/host", json!("example.com:99999")),
        ("`x-forwarded-proto`", "/headers/x-forwarded-proto", json!("javascript")),
        ("base64", "/isBase64Encoded", json!(true)),
        ("rawPath", "/rawPath", json!([1])),
    ] {
        let mut bad = event("/", 2);
        bad["body"] = "%%%".into();
        bad["headers"]["x-forwarded-proto"] = "https".into();
        *bad.pointer_mut(pointer).expect("the field") = value;
        let answer = probe.call(bad).await.expect("an answer");
        assert_eq!(answer["statusCode"], 400, "{part}: {answer}");
        assert!(body(&answer)["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{part}: {answer}");
    }

    let panicked = probe.call(event("/panic", 3)).await.expect("an answer");
    let failed = probe.call(event("/fail", 4)).await.expect("an answer");
    for answer in [&panicked, &failed] {
        assert_eq!(answer["statusCode"], 500);
        assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com");
        assert!(!answer.to_string().contains("hunter2") && !answer.to_string().contains("boom"), "{answer}");
    }

    assert_eq!(probe.call(event("/bare", 6)).await.expect("an answer")["statusCode"], 502);
    assert_eq!(probe.call(event("/missing", 7)).await.expect("an answer")["statusCode"], 404);

    let last_id = probe.enqueue(event("/", 5)).await;
    let last = body(&probe.outcome(&last_id).await.expect("an answer"));
    let expected =
        json!({ "number": 5, "request_id": last_id, "context": "gateway-5", "header": "5", "cold_start": false });
    assert_eq!(last, expected);

    let lines = probe.end();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    let texts: Vec<_> = errors.iter().map(|line| line["message"].as_str().unwrap_or_default()).collect();
    assert_eq!(errors.len(), 4, "one line each for no HTTP event, the panic, the failure, the bare 502: {texts:?}");
    let panic = errors.iter().find(|line| line.to_string().contains("boom")).expect("the panic's line");
    assert!(panic.to_string().contains("probe.rs:"), "the panic's place: {panic}");
    assert!(panic["function_request_id"].is_string(), "{panic}");
    assert!(errors.iter().any(|line| line["error"] == "db password is hunter2" && line["status"] == 500));
    assert!(errors.iter().any(|line| line["path"] == "/bare" && line["status"] == 502));
    let refused = lines.iter().find(|line| line["status"] == 404).expect("a line of what was refused");
    let expected = ["INFO", "GET", "/missing", "nobody has this number"];
    assert_eq!(["level", "method", "path", "detail"].map(|key| refused[key].as_str().unwrap_or_default()), expected);
    assert_eq!(lines.iter().find(|line| line["message"] == "began").expect("a line")["cold_start"], true);
    assert_eq!(lines.iter().rfind(|line| line["message"] == "began").expect("a line")["cold_start"], false);
    assert!(lines.iter().all(|line| line["service"] == "probe" && line["timestamp"].is_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_interleaved_requests_keep_their_logs_extensions_and_answers_apart() {
    let mut probe = Probe::start(&[("AWS_LAMBDA_MAX_CONCURRENCY", "8")]).await;
    // Read while it runs: a full pipe would stop it.
    let mut stdout = probe.child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let mut ids = HashMap::new();
    for number in 0..1_000 {
        ids.insert(probe.enqueue(event("/", number)).await, number);
    }
    for (id, number) in &ids {
        let answer = body(&probe.outcome(id).await.expect("an answer"));
        assert_eq!(answer["number"], *number);
        assert_eq!(answer["request_id"], *id);
        assert_eq!(answer["context"], format!("gateway-{number}"));
        assert_eq!(answer["header"], number.to_string());
    }
    drop(probe);
    let text = reader.join().expect("the reader").expect("text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let mut interleaved = 0;
    let mut before = None;
    let mut of_each: HashMap<&str, usize> = HashMap::new();
    for line in lines.iter().filter(|line| line["number"].is_u64()) {
        let id = line["function_request_id"].as_str().expect("an id");
        assert_eq!(Some(ids[id]), line["number"].as_u64().and_then(|number| number.try_into().ok()), "{line}");
        *of_each.entry(id).or_default() += 1;
        interleaved += usize::from(before.is_some_and(|before| before != id));
        before = Some(id);
    }
    assert_eq!(of_each.len(), 1_000);
    assert!(of_each.values().all(|count| *count == 4), "each began once and went on three times");
    assert!(interleaved > 1_500, "they did not run at once: {interleaved}");
    assert_eq!(lines.iter().filter(|line| line["cold_start"] == true && line["message"] == "began").count(), 1);
}

#[test]
fn what_keeps_it_from_starting_is_one_sentence_and_exit_code_1() {
    let told = |command: &mut Command| {
        let output = command.output().expect("the probe ends");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(!text.contains("panicked") && text.lines().count() == 1, "one sentence: {text}");
        text
    };
    let missing = told(binary().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"));
    assert!(missing.contains("AWS_LAMBDA_FUNCTION_NAME"), "{missing}");
    let cors = told(binary().env("PROBE_BAD_CORS", "1"));
    assert!(cors.contains("credentials"), "{cors}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let listen = told(binary().env("PILASTER_ADDR", &address));
    assert!(listen.contains(&address) && listen.contains("PILASTER_ADDR"), "{listen}");
}
