//! The start and the end of a built binary: its report to Lambda when it cannot start, and its shutdown hooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use engines::binary::Guarded;
use lambda_simulator::{InvocationBuilder, InvocationState, Simulator};
use serde_json::{Value, json};

/// Far beyond what anything takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

fn command(path: &str) -> Command {
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn lifecycle() -> Command {
    command(env!("CARGO_BIN_EXE_lifecycle"))
}

async fn simulator() -> Simulator {
    Simulator::builder().function_name("lifecycle").build().await.expect("the simulator starts")
}

/// Waits elsewhere, so that the simulator goes on.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("it starts")).await.expect("its end")
}

/// Returns the report to Lambda of a process that could not start. It prints the same, and its exit code is 1.
async fn refusal(mut command: Command, simulator: &Simulator, without: &str) -> String {
    let variables = simulator.lambda_env_vars().into_iter().filter(|(name, _)| name != without);
    command.envs(variables);
    let output = output(command).await;
    assert_eq!(output.status.code(), Some(1));
    let report = simulator.get_init_error().await.expect("an error of initialisation");
    let sentence = report.strip_prefix("Runtime.ConfigInvalid: ").expect("its type");
    let page = "https://pilaster-rs.github.io/pilaster/troubleshooting-start.html";
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("Error: {sentence}\nsee {page}\n"));
    sentence.to_owned()
}

#[tokio::test]
async fn the_reason_why_a_function_does_not_start_is_reported_to_lambda() {
    let mut bad_layer = command(env!("CARGO_BIN_EXE_probe"));
    bad_layer.env("PROBE_BAD_CORS", "1");
    let report = refusal(bad_layer, &simulator().await, "").await;
    assert!(report.contains("credentials"), "{report}");

    let report = refusal(lifecycle(), &simulator().await, "AWS_LAMBDA_FUNCTION_VERSION").await;
    assert!(report.contains("AWS_LAMBDA_FUNCTION_VERSION is missing"), "{report}");

    let mut within = lifecycle();
    within.env("WITHIN_TOKIO", "1");
    let report = refusal(within, &simulator().await, "").await;
    assert!(report.contains("#[tokio::main]"), "{report}");
}

#[test]
fn the_error_of_initialisation_has_the_form_of_the_runtime_api() {
    let api = Api::start();
    // Without the other variables it cannot start.
    let output = lifecycle().env("AWS_LAMBDA_RUNTIME_API", &api.address).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    let request = api.request("POST /2018-06-01/runtime/init/error ");
    assert!(request.head.contains("lambda-runtime-function-error-type: runtime.configinvalid\r\n"), "{}", request.head);
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    let message = "the environment variable AWS_LAMBDA_FUNCTION_NAME is missing; Lambda sets it";
    assert_eq!(body, json!({ "errorType": "Runtime.ConfigInvalid", "errorMessage": message }));
}

#[test]
fn an_ill_formed_environment_is_a_sentence_and_no_panic() {
    for (name, value) in [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much"), ("AWS_LAMBDA_RUNTIME_API", "/no address")] {
        let mut lifecycle = lifecycle();
        lifecycle.env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9").envs(FUNCTION).env(name, value);
        let output = lifecycle.output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let mut lines = text.lines();
        assert!(lines.next().is_some_and(|sentence| sentence.contains(name)), "{text}");
        assert!(lines.next().is_some_and(|page| page.starts_with("see https://")) && lines.next().is_none(), "{text}");
    }
}

/// A function with this hook that has handled an event and then gets SIGTERM.
async fn terminated(hook: &str, extensions: usize) -> Output {
    let simulator = simulator().await;
    let mut lifecycle = lifecycle();
    lifecycle.envs(simulator.lambda_env_vars()).env("HOOK", hook);
    let mut child = Guarded(lifecycle.spawn().expect("it starts"));
    let invocation = InvocationBuilder::new().payload(event()).build().expect("an invocation");
    let id = simulator.enqueue(invocation).await;
    simulator.wait_for_invocation_complete(&id, PATIENCE).await.expect("an answer");
    assert_eq!(simulator.extension_count().await, extensions, "{hook}");
    // On Lambda initialisation lasts until each extension has asked for its next event.
    for extension in simulator.get_registered_extensions().await {
        let asked = async || simulator.first_next_poll_at(&extension.id).await.is_some();
        simulator.wait_for(asked, PATIENCE).await.expect("it asks for its next event");
    }
    // The standard library has no call that takes a child out of its guard.
    let (mut stdout, mut stderr) = (child.0.stdout.take().expect("a pipe"), child.0.stderr.take().expect("a pipe"));
    let pid = child.0.id().to_string();
    tokio::task::spawn_blocking(move || {
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("`kill` starts").success());
        let status = child.0.wait().expect("its end");
        let mut output = Output { status, stdout: Vec::new(), stderr: Vec::new() };
        stdout.read_to_end(&mut output.stdout).expect("what it wrote");
        stderr.read_to_end(&mut output.stderr).expect("what it wrote");
        output
    })
    .await
    .expect("its end")
}

#[tokio::test]
async fn sigterm_runs_the_hook_and_what_it_printed_is_there() {
    let output = terminated("prints", 1).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "the hook ran");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[tokio::test]
async fn a_hook_that_hangs_or_blocks_is_given_up() {
    let hung = terminated("hangs", 1).await;
    assert_eq!(hung.status.code(), Some(0));
    let lines = String::from_utf8_lossy(&hung.stdout).into_owned();
    assert!(lines.contains("longer than 300ms"), "{lines}");
    assert_eq!(terminated("blocks", 1).await.status.code(), Some(0));
}

/// A function whose handler does this when it gets SIGTERM, without anybody who reads what it writes until it has ended.
fn terminated_within(handler: &str, hook: &str, is_within: impl FnOnce(&mut Guarded)) -> (Option<i32>, String) {
    let api = Api::start();
    let mut lifecycle = lifecycle();
    lifecycle.env("AWS_LAMBDA_RUNTIME_API", &api.address).envs(FUNCTION).envs([("HANDLER", handler), ("HOOK", hook)]);
    let mut child = Guarded(lifecycle.spawn().expect("it starts"));
    api.request("GET /2018-06-01/runtime/invocation/next ");
    is_within(&mut child);
    assert!(Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().expect("`kill`").success());
    let code = child.0.wait().expect("its end").code();
    let mut text = String::new();
    child.0.stdout.take().map(|mut stdout| stdout.read_to_string(&mut text).expect("what it wrote"));
    (code, text)
}

/// Until the process uses none of its time: its handler blocks.
fn until_it_blocks(child: &mut Guarded) {
    let path = format!("/proc/{}/stat", child.0.id());
    let used = || {
        let stat = std::fs::read_to_string(&path).expect("it runs");
        let fields: Vec<_> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        (fields[11].to_owned(), fields[12].to_owned())
    };
    let mut before = used();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = used();
        if now == before {
            return;
        }
        before = now;
    }
}

#[test]
fn a_hook_that_blocks_does_not_keep_a_function_alive_whose_runtime_api_is_gone() {
    let unreachable = engines::Unreachable::bind();
    let address = unreachable.address().to_string();
    for concurrency in ["1", "2"] {
        let mut lifecycle = lifecycle();
        lifecycle.env("AWS_LAMBDA_RUNTIME_API", &address).envs(FUNCTION).env("HOOK", "blocks");
        let output = lifecycle.env("AWS_LAMBDA_MAX_CONCURRENCY", concurrency).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{concurrency}");
    }
}

#[test]
fn sigterm_runs_the_hook_while_a_handler_blocks_its_thread_or_its_output_is_not_read() {
    let (code, text) = terminated_within("blocks", "prints", until_it_blocks);
    assert_eq!(code, Some(0));
    assert!(text.ends_with("the hook ran"), "{text}");
    let (code, _) = terminated_within("floods", "prints", until_it_blocks);
    assert_eq!(code, Some(0));
}

#[test]
fn an_invocation_goes_on_while_a_hook_blocks_its_thread() {
    let until_begun = |child: &mut Guarded| {
        let stdout = child.0.stdout.as_mut().expect("a pipe");
        let (mut text, mut byte) = (Vec::new(), [0]);
        while !text.ends_with(b"begun\n") {
            assert_eq!(stdout.read(&mut byte).expect("a byte"), 1);
            text.push(byte[0]);
        }
    };
    let (code, text) = terminated_within("waits", "blocks", until_begun);
    assert_eq!(code, Some(0));
    assert!(text.contains("handled"), "{text}");
}

#[test]
fn sigterm_runs_the_hook_from_the_moment_on_when_the_extension_is_registered() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut lifecycle = lifecycle();
    let address = listener.local_addr().expect("its address").to_string();
    lifecycle.env("AWS_LAMBDA_RUNTIME_API", address).envs(FUNCTION).env("HOOK", "prints");
    let mut child = Guarded(lifecycle.spawn().expect("it starts"));
    let (stream, _) = listener.accept().expect("a connection");
    let request = Request::read(&stream).expect("a request");
    assert!(request.head.starts_with("POST /2020-01-01/extension/register "), "{}", request.head);
    // Before the response: no other code of the function runs yet.
    assert!(Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().expect("`kill`").success());
    assert_eq!(child.0.wait().expect("its end").code(), Some(0));
    let mut text = String::new();
    child.0.stdout.take().expect("a pipe").read_to_string(&mut text).expect("what it wrote");
    assert_eq!(text, "the hook ran");
}

#[tokio::test]
async fn a_hook_that_panics_keeps_no_other_back() {
    let output = terminated("panics", 1).await;
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("the hook ran") && text.contains("no good end"), "{text}");
}

#[tokio::test]
async fn a_function_without_a_hook_registers_nothing_and_sigterm_just_ends_it() {
    use std::os::unix::process::ExitStatusExt as _;

    let output = terminated("", 0).await;
    assert_eq!(output.status.signal(), Some(15));
}

#[test]
fn the_hook_of_a_local_run_runs_after_ctrl_c() {
    let mut lifecycle = lifecycle();
    lifecycle.env("PILASTER_ADDR", "127.0.0.1:0").env("HOOK", "prints");
    let mut child = Guarded(lifecycle.spawn().expect("it starts"));
    let mut stdout = BufReader::new(child.0.stdout.take().expect("a pipe"));
    let mut report = String::new();
    while !report.contains("listening on") {
        assert_ne!(stdout.read_line(&mut report).expect("a line"), 0, "{report}");
    }
    assert!(Command::new("kill").args(["-INT", &child.0.id().to_string()]).status().expect("`kill`").success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("what it wrote");
    assert!(rest.ends_with("the hook ran"), "{rest}");
    assert_eq!(child.0.wait().expect("its end").code(), Some(0));
}

#[test]
fn ctrl_c_again_ends_a_local_run_whose_handler_blocks_its_thread() {
    use std::os::unix::process::ExitStatusExt as _;

    let mut lifecycle = lifecycle();
    lifecycle.env("PILASTER_ADDR", "127.0.0.1:0").env("HANDLER", "floods");
    let mut child = Guarded(lifecycle.spawn().expect("it starts"));
    let mut lines = BufReader::new(child.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let address = lines
        .find_map(|line| Some(line.split_once("http://")?.1.split(' ').next()?.to_owned()))
        .expect("it says where it listens");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it reads");
    lines.find(|line| line.starts_with("xxx")).expect("its handler writes");
    let ended = (0..PATIENCE.as_secs()).find_map(|_| {
        assert!(Command::new("kill").args(["-INT", &child.0.id().to_string()]).status().expect("`kill`").success());
        std::thread::sleep(Duration::from_secs(1));
        child.0.try_wait().expect("its state")
    });
    assert_eq!(ended.and_then(|status| status.signal()), Some(2));
}

/// Returns the response to a warm-up call, and its log.
async fn warmed(variables: &[(&str, &str)]) -> (InvocationState, String) {
    let simulator = simulator().await;
    let mut lifecycle = lifecycle();
    lifecycle.envs(simulator.lambda_env_vars()).envs(variables.iter().copied());
    let mut child = Guarded(lifecycle.spawn().expect("it starts"));
    let ping = InvocationBuilder::new().payload(json!({ "source": "serverless-plugin-warmup" }));
    let id = simulator.enqueue(ping.build().expect("an invocation")).await;
    let state = simulator.wait_for_invocation_complete(&id, PATIENCE).await.expect("an answer");
    child.0.kill().expect("it runs");
    let mut log = String::new();
    child.0.stdout.take().expect("a pipe").read_to_string(&mut log).expect("what it wrote");
    (state, log)
}

#[tokio::test]
async fn a_warm_up_call_is_answered_and_one_line_at_info() {
    let (state, log) = warmed(&[]).await;
    assert_eq!(state.response.expect("a response").payload, Value::Null);
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let lines: Vec<_> =
        lines.filter(|line| line["message"] == "responded to a warm-up call without the function").collect();
    assert!(lines.len() == 1 && lines[0]["level"] == "INFO" && lines[0]["cold_start"] == true, "{log}");

    let (state, _) = warmed(&[("PILASTER_WARMUP", "off")]).await;
    assert_eq!(state.error.expect("an error").error_type, "NotAnHttpEvent");
}

#[test]
fn without_an_extensions_api_it_says_so_once_and_answers() {
    let api = Api::start();
    let mut lifecycle = lifecycle();
    lifecycle.env("AWS_LAMBDA_RUNTIME_API", &api.address).envs(FUNCTION).env("HOOK", "prints");
    let mut child = Guarded(lifecycle.spawn().expect("it starts"));
    let register = api.request("POST /2020-01-01/extension/register ");
    assert!(register.head.contains("lambda-extension-name: pilaster-on-shutdown\r\n"), "{}", register.head);
    assert_eq!(register.body, r#"{"events":[]}"#);
    let answer = api.request("POST /2018-06-01/runtime/invocation/7/response ");
    assert!(answer.body.contains(r#""statusCode":200"#), "{}", answer.body);

    assert!(Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().expect("`kill`").success());
    assert_eq!(child.0.wait().expect("its end").code(), Some(0));
    let mut text = String::new();
    child.0.stdout.take().expect("a pipe").read_to_string(&mut text).expect("what it wrote");
    let (line, rest) = text.split_once('\n').expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        (&line["level"], &line["error"]),
        (&json!("WARN"), &json!("the Extensions API responded with 404 Not Found"))
    );
    assert_eq!(rest, "the hook ran");
}

/// The variables that Lambda sets beside the address.
const FUNCTION: [(&str, &str); 3] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "lifecycle"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
];

fn event() -> Value {
    json!({
        "version": "2.0",
        "rawPath": "/",
        "headers": { "host": "api.example.com" },
        "requestContext": { "http": { "method": "GET", "path": "/" }, "stage": "$default" },
        "isBase64Encoded": false,
    })
}

/// A Runtime API with one event and without an Extensions API, which reports its requests.
struct Api {
    address: String,
    requests: mpsc::Receiver<Request>,
}

struct Request {
    /// In small letters after the first line.
    head: String,
    body: String,
}

impl Api {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let (report, requests) = mpsc::channel();
        std::thread::spawn(move || {
            let event = Arc::new(Mutex::new(Some(event().to_string())));
            for stream in listener.incoming().map_while(Result::ok) {
                let (event, report) = (Arc::clone(&event), report.clone());
                // Each connection brings one request, or lies idle in its client's pool.
                std::thread::spawn(move || serve(&stream, &event, &report));
            }
        });
        Self { address, requests }
    }

    /// The next request that begins so.
    fn request(&self, line: &str) -> Request {
        loop {
            let request = self.requests.recv_timeout(PATIENCE).expect("the request");
            if request.head.starts_with(line) {
                return request;
            }
        }
    }
}

fn serve(mut stream: &TcpStream, event: &Mutex<Option<String>>, report: &mpsc::Sender<Request>) {
    let Some(request) = Request::read(stream) else { return };
    let answer = match request.head.split(' ').nth(1) {
        Some("/2018-06-01/runtime/invocation/next") => {
            let Some(event) = event.lock().expect("no thread panics").take() else {
                // Nothing more comes.
                let _ = stream.read(&mut [0]);
                return;
            };
            answer("200 OK", "Lambda-Runtime-Aws-Request-Id: 7\r\n", &event)
        }
        Some(path) if path.starts_with("/2018-06-01/runtime/") => answer("202 Accepted", "", ""),
        _ => answer("404 Not Found", "", ""),
    };
    let _ = stream.write_all(answer.as_bytes());
    let _ = report.send(request);
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}Lambda-Runtime-Deadline-Ms: 0\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:lifecycle\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        reader.read_line(&mut head).ok()?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.to_ascii_lowercase();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            head += &line;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { head, body: String::from_utf8(body).ok()? })
    }
}
