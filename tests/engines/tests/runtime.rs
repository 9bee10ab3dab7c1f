//! A built binary behind a Runtime API (lambda-simulator): its responses, its log, and that it stays; and the same
//! binary run locally.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use engines::binary::{self, Guarded};
use lambda_simulator::{InvocationBuilder, InvocationStatus, Simulator};
use serde_json::{Value, json};

/// Far longer than any response takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

/// The probe under a simulator of its own. What it writes is read all the time, so that it never waits for us.
struct Probe {
    simulator: Simulator,
    child: Guarded,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

fn probe() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probe"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        text
    })
}

impl Probe {
    async fn start(environment: &[(&str, &str)]) -> Self {
        let simulator = Simulator::builder().function_name("probe").build().await.expect("the simulator starts");
        let mut child = probe()
            .envs(simulator.lambda_env_vars())
            .env("POWERTOOLS_SERVICE_NAME", "probe")
            .envs(environment.iter().copied())
            .spawn()
            .map(Guarded)
            .expect("the probe starts");
        let stdout = read(child.0.stdout.take().expect("a pipe"));
        let stderr = read(child.0.stderr.take().expect("a pipe"));
        Self { simulator, child, stdout, stderr }
    }

    /// The ids of the request and of its trace.
    async fn enqueue(&self, event: Value) -> (String, String) {
        // Its time counts from here, and the last of many waits for all the others.
        let time = PATIENCE.as_millis() as u64;
        let invocation = InvocationBuilder::new().payload(event).timeout_ms(time).build().expect("an invocation");
        let trace = invocation.trace_id.clone();
        (self.simulator.enqueue(invocation).await, trace)
    }

    /// Returns the response to an invocation, or the error that was posted.
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

    /// Returns the response with its request's id.
    async fn call(&self, event: Value) -> (String, Result<Value, Value>) {
        let (id, _) = self.enqueue(event).await;
        let outcome = self.outcome(&id).await;
        (id, outcome)
    }

    /// Ends the probe; its lines, of which none may be anything but JSON, nor anywhere but on stdout.
    fn end(self) -> Vec<Value> {
        drop(self.child);
        assert_eq!(self.stderr.join().expect("the reader"), "", "on stderr");
        let text = self.stdout.join().expect("the reader");
        let line = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not a JSON line: {line}"));
        text.lines().map(line).collect()
    }
}

/// Returns the event of an HTTP API in which each field contains the number.
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

/// Returns the only valid response to this number and id.
fn expected(number: u32, id: &str, cold_start: bool) -> Value {
    json!({
        "number": number,
        "request_id": id,
        "context": format!("gateway-{number}"),
        "header": number.to_string(),
        "extension": format!("tag-{number}"),
        "cold_start": cold_start,
        "has_deadline": true,
    })
}

/// A 500 has the CORS headers of any response, and no internal details.
fn assert_opaque(answer: &Value) {
    assert_eq!(answer["statusCode"], 500);
    assert_eq!(answer["headers"]["content-type"], "application/problem+json");
    assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com");
    assert_eq!(body(answer), json!({ "status": 500, "title": "Internal Server Error" }));
}

#[tokio::test]
async fn the_process_outlives_every_bad_event_and_answers_the_next() {
    let probe = Probe::start(&[]).await;
    let (first_id, first) = probe.call(event("/", 1)).await;
    let first = first.expect("an answer");
    assert_eq!((&first["statusCode"], body(&first)), (&json!(200), expected(1, &first_id, true)));

    let (other_id, refused) = probe.call(json!({ "Records": [{ "eventSource": "aws:sqs", "body": "{}" }] })).await;
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
        let answer = probe.call(bad).await.1.expect("an answer");
        assert_eq!(answer["statusCode"], 400, "{part}: {answer}");
        assert!(body(&answer)["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{part}: {answer}");
    }

    let (panic_id, panicked) = probe.call(event("/panic", 3)).await;
    let (failed_id, failed) = probe.call(event("/fail", 4)).await;
    assert_opaque(&panicked.expect("an answer"));
    assert_opaque(&failed.expect("an answer"));

    let (last_id, last) = probe.call(event("/", 5)).await;
    assert_eq!(body(&last.expect("an answer")), expected(5, &last_id, false));

    let lines = probe.end();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    let [other, panic, failure] = errors.as_slice() else {
        panic!("one line each for no HTTP event, the panic, the failure: {errors:#?}");
    };
    assert_eq!((&other["function_request_id"], &other["error_type"]), (&json!(other_id), &json!("NotAnHttpEvent")));
    assert_eq!((&panic["function_request_id"], &panic["message"]), (&json!(panic_id), &json!("boom \"3\"")));
    assert!(panic["location"].as_str().is_some_and(|place| place.contains("probe.rs:")), "{panic}");
    assert_eq!((&failure["function_request_id"], &failure["status"]), (&json!(failed_id), &json!(500)));
    assert_eq!(failure["error"], "number 4 was not saved");
    assert_eq!(failure["error_chain"], json!(["db password is hunter2"]));

    let cold = |id: &str| -> HashSet<&Value> {
        lines.iter().filter(|line| line["function_request_id"] == id).map(|line| &line["cold_start"]).collect()
    };
    assert_eq!(cold(&first_id), HashSet::from([&json!(true)]));
    assert_eq!(cold(&last_id), HashSet::from([&json!(false)]));
    assert!(lines.iter().all(|line| line["service"] == "probe" && line["timestamp"].is_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_interleaved_requests_keep_their_logs_extensions_and_answers_apart() {
    let probe = Probe::start(&[("AWS_LAMBDA_MAX_CONCURRENCY", "8")]).await;
    let path = |number| match number % 20 {
        7 => "/panic",
        13 => "/fail",
        _ => "/",
    };
    let mut asked = HashMap::new();
    for number in 0..1_000 {
        // None of them goes on before eight are there.
        let mut event = event(path(number), number);
        event["rawQueryString"] = format!("number={number}&meet=true").into();
        let (id, trace) = probe.enqueue(event).await;
        asked.insert(id, (number, trace));
    }
    let mut cold_starts = 0;
    for (id, (number, _)) in &asked {
        let answer = probe.outcome(id).await.expect("an answer");
        if path(*number) == "/" {
            let cold = body(&answer)["cold_start"] == true;
            cold_starts += usize::from(cold);
            assert_eq!(body(&answer), expected(*number, id, cold));
        } else {
            assert_opaque(&answer);
        }
    }
    assert!(cold_starts <= 1, "{cold_starts}");

    let lines = probe.end();
    let (mut of_each, mut open, mut most) = (HashMap::new(), HashSet::new(), 0);
    for line in lines.iter().filter(|line| line["function_request_id"].is_string()) {
        let id = line["function_request_id"].as_str().expect("an id");
        let (number, trace) = &asked[id];
        let root = line["xray_trace_id"].as_str().expect("a trace");
        assert!(trace.contains(root), "{line} is not of {trace}");
        match line["message"].as_str().expect("a message") {
            message @ ("began" | "goes on") => {
                assert_eq!((&line["number"], &line["owner"]), (&json!(number), &json!(number)), "{line}");
                if message == "began" {
                    open.insert(id);
                    most = most.max(open.len());
                } else if line["step"] == 2 {
                    open.remove(id);
                }
            }
            "the request failed" => {
                let error = json!(format!("number {number} was not saved"));
                assert_eq!((path(*number), &line["error"]), ("/fail", &error), "{line}");
            }
            boom => assert_eq!((path(*number), boom), ("/panic", format!("boom \"{number}\"").as_str()), "{line}"),
        }
        *of_each.entry(*number).or_insert(0) += 1;
    }
    assert_eq!(of_each.len(), 1_000);
    // It started, continued three times, and logged the failure once.
    let wrong = of_each.into_iter().find(|(number, count)| *count != if path(*number) == "/" { 4 } else { 5 });
    assert_eq!(wrong, None, "a number and its lines");
    assert_eq!(most, 8, "at once");
    let cold: HashSet<_> = lines.iter().filter(|line| line["cold_start"] == true).collect();
    let cold: HashSet<_> = cold.iter().map(|line| line["function_request_id"].to_string()).collect();
    assert_eq!(cold.len(), 1, "one request is the first: {cold:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_right_one_at_a_time_and_sixty_four_at_a_time() {
    for concurrency in ["1", "64"] {
        let probe = Probe::start(&[("AWS_LAMBDA_MAX_CONCURRENCY", concurrency)]).await;
        let mut asked = Vec::new();
        for number in 0..512 {
            asked.push((number, probe.enqueue(event("/", number)).await.0));
        }
        let mut cold_starts = 0;
        for (number, id) in &asked {
            let answer = body(&probe.outcome(id).await.expect("an answer"));
            let cold = answer["cold_start"] == true;
            cold_starts += usize::from(cold);
            assert_eq!(answer, expected(*number, id, cold), "{concurrency} at a time");
        }
        assert_eq!(cold_starts, 1, "{concurrency} at a time");
    }
}

#[tokio::test]
async fn an_answer_that_lambda_would_refuse_is_a_500_and_the_next_event_is_served() {
    let probe = Probe::start(&[]).await;
    let (large_id, large) = probe.call(event("/large", 1)).await;
    assert_opaque(&large.expect("an answer"));
    let (id, answer) = probe.call(event("/", 2)).await;
    assert_eq!(body(&answer.expect("an answer")), expected(2, &id, false));
    let lines = probe.end();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    let [error] = errors.as_slice() else { panic!("one line: {errors:#?}") };
    assert_eq!(error["function_request_id"], large_id);
    assert!(error["error"].as_str().is_some_and(|error| error.contains("limit of Lambda is 6291456")), "{error}");
}

#[tokio::test]
async fn a_client_that_panics_while_it_is_warmed_does_not_keep_the_function_from_starting() {
    let probe = Probe::start(&[("PROBE_MOODY", "1")]).await;
    let (id, answer) = probe.call(event("/", 1)).await;
    assert_eq!(body(&answer.expect("an answer")), expected(1, &id, true));
    let lines = probe.end();
    let panics: Vec<_> = lines.iter().filter(|line| line["message"] == "not in the mood").collect();
    assert!(panics.len() == 1 && panics[0]["level"] == "ERROR", "{lines:#?}");
}

#[test]
fn what_keeps_it_from_starting_is_one_sentence_and_exit_code_1() {
    let missing = refusal(probe().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"));
    assert!(missing.contains("AWS_LAMBDA_FUNCTION_NAME"), "{missing}");
    let cors = refusal(probe().env("PROBE_BAD_CORS", "1"));
    assert!(cors.contains("credentials"), "{cors}");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let listen = refusal(probe().env("PILASTER_ADDR", &address));
    assert!(listen.contains(&address) && listen.contains("PILASTER_ADDR"), "{listen}");
}

#[test]
fn a_release_build_that_is_run_locally_reports_how_to_run_it() {
    // A release build without debug assertions, but without the minute of optimisation.
    let as_released = ["--package", "hello", "--config", "profile.dev.package.pilaster.debug-assertions=false"];
    let mut hello = Command::new(&binary::build(&as_released)["hello"]);
    let report = refusal(hello.env_clear());
    for way in ["cargo run", "cargo lambda watch", "`local`"] {
        assert!(report.contains(way), "{report}");
    }
}

#[test]
fn a_local_run_serves_until_ctrl_c() {
    let mut child = probe().env("PILASTER_ADDR", "127.0.0.1:0").spawn().map(Guarded).expect("the probe starts");
    let mut lines = BufReader::new(child.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let address = lines
        .find_map(|line| Some(line.split_once("http://")?.1.split(' ').next()?.to_owned()))
        .expect("it says where it listens");
    let ask = |path| binary::get(&address, path, "X-Number: 9\r\n");
    let answer = ask("/?number=9");
    assert!(answer.starts_with("HTTP/1.0 200 ") && answer.contains(r#""extension":"tag-9""#), "{answer}");
    let report = lines.find(|line| line.contains("GET ")).expect("a line for the request");
    assert!(report.contains("GET /?number=9 200"), "{report}");
    assert!(ask("/panic").starts_with("HTTP/1.0 500 "));
    assert!(ask("/").starts_with("HTTP/1.0 200 "), "it goes on after a panic");

    let rest = std::thread::spawn(move || lines.count());
    let sent = Command::new("kill").args(["-INT", &child.0.id().to_string()]).status().expect("`kill` starts");
    assert!(sent.success());
    assert_eq!(child.0.wait().expect("its end").code(), Some(0));
    rest.join().expect("the reader");
}

/// Returns the message of a process that does not start: one sentence on stderr, and the page that explains it; exit code 1.
fn refusal(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (sentence, page) = text.trim_end().split_once('\n').expect("two lines");
    assert!(
        !text.contains("panicked") && page.starts_with("see https://") && page.lines().count() == 1,
        "one sentence: {text}"
    );
    sentence.to_owned()
}
