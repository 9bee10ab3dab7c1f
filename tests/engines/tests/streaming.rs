//! Response streaming by a built binary: what goes to the Runtime API, and that a large response is never held.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use engines::binary::Guarded;
use serde_json::{Value, json};

/// The function's response: the head of its request, and the body assembled from its chunks.
struct Posted {
    head: String,
    body: Vec<u8>,
    /// The log of the function.
    log: String,
}

impl Posted {
    /// The prelude, and what follows it and the eight zeros.
    fn parts(&self) -> (Value, &[u8]) {
        let at = self.body.windows(8).position(|bytes| bytes == [0; 8]).expect("eight zeros after the prelude");
        (serde_json::from_slice(&self.body[..at]).expect("a prelude"), &self.body[at + 8..])
    }
}

/// Far beyond what anything takes: only a process that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Runtime API that gives one event and takes its response; `keep` bytes of it are kept. Each connection has a thread: a client
/// may open a second one while the first lies idle.
fn invoke(query: &'static str, keep: usize) -> (Posted, usize, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut command = Command::new(env!("CARGO_BIN_EXE_streaming"));
    let address = listener.local_addr().expect("its address").to_string();
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).env("AWS_LAMBDA_RUNTIME_API", address).envs([
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_FUNCTION_NAME", "stream"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ]);
    let mut function = Guarded(command.spawn().expect("it starts"));
    let process = function.0.id();
    let mut pipe = function.0.stdout.take().expect("a pipe");
    let logged = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let (report, answers) = mpsc::channel();
    std::thread::spawn(move || {
        let given = Arc::new(AtomicBool::new(false));
        for stream in listener.incoming().map_while(Result::ok) {
            let (given, report) = (Arc::clone(&given), report.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(&stream);
                while let Some(head) = head(&mut reader) {
                    if head.starts_with("POST ") {
                        let (body, length) = chunks(&mut reader, keep);
                        let posted = Posted { head: head.to_lowercase(), body, log: String::new() };
                        let _ = report.send((posted, length, peak(process)));
                        let _ = (&stream).write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
                    } else if !given.swap(true, Ordering::Relaxed) {
                        next(&stream, query);
                    }
                    // A second event never comes.
                }
            });
        }
    });
    let (mut posted, length, peak) = answers.recv_timeout(PATIENCE).expect("an answer");
    drop(function);
    posted.log = logged.join().expect("the reader").expect("text");
    (posted, length, peak)
}

/// The most memory that a process has held, in MB.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") / 1024
}

fn head(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

fn next(mut stream: &TcpStream, query: &str) {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": query, "headers": {},
        "requestContext": {
            "accountId": "1", "apiId": "u", "domainName": "u.lambda-url.eu-central-1.on.aws", "requestId": "r", "stage": "$default",
            "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" },
        },
        "isBase64Encoded": false,
    })
    .to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 7\r\nLambda-Runtime-Deadline-Ms: 0\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        event.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(event.as_bytes())).expect("the event is sent");
}

/// The body of a chunked request: its first bytes, and its length.
fn chunks(reader: &mut BufReader<&TcpStream>, keep: usize) -> (Vec<u8>, usize) {
    let (mut kept, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("the size of a chunk");
        let size = usize::from_str_radix(line.trim(), 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).expect("a chunk");
        if size == 0 {
            return (kept, length);
        }
        length += size;
        kept.extend(chunk[..size].iter().take(keep.saturating_sub(kept.len())));
    }
}

#[test]
fn a_response_is_its_head_and_then_its_bytes() {
    let (posted, length, _) = invoke("mb=2", usize::MAX);
    assert!(posted.head.starts_with("post /2018-06-01/runtime/invocation/7/response "), "{}", posted.head);
    assert!(posted.head.contains("lambda-runtime-function-response-mode: streaming\r\n"), "{}", posted.head);
    let (prelude, body) = posted.parts();
    assert_eq!(prelude["statusCode"], 200);
    assert_eq!(prelude["headers"]["content-type"], "text/plain");
    assert_eq!(prelude["cookies"], json!(["a=1"]));
    assert_eq!(body.len(), 2 * 1024 * 1024);
    assert!(length > body.len());
}

#[test]
fn a_hundred_megabytes_are_sent_and_never_held() {
    let (_, length, peak) = invoke("mb=100", 0);
    assert!(length > 100 * 1024 * 1024, "{length}");
    assert!(peak < 40, "{peak} MB");
}

#[test]
fn an_error_before_the_first_byte_is_answered_as_ever() {
    let (posted, ..) = invoke("mb=1&deny=true", usize::MAX);
    let (prelude, body) = posted.parts();
    assert_eq!(
        (&prelude["statusCode"], &prelude["headers"]["content-type"]),
        (&json!(403), &json!("application/problem+json"))
    );
    assert_eq!(serde_json::from_slice::<Value>(body).expect("JSON")["detail"], "not for you");
}

#[test]
fn an_error_after_it_ends_the_response_with_the_trailer_and_without_the_reason() {
    let (posted, ..) = invoke("mb=3&fail=true", usize::MAX);
    let (prelude, body) = posted.parts();
    assert_eq!(prelude["statusCode"], 200);
    let rest = String::from_utf8_lossy(&body[1024 * 1024..]).to_lowercase();
    assert!(rest.contains("lambda-runtime-function-error-type"), "{rest}");
    assert!(!String::from_utf8_lossy(&posted.body).contains("hunter2"));
    // The body is produced after the function returned; its log lines are the invocation's.
    let lines = posted.log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>();
    let report = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    for message in ["the second megabyte is missing", "the response was aborted"] {
        let [line] = report(message)[..] else { panic!("one line: {}", posted.log) };
        assert_eq!(line["function_request_id"], "7", "{line}");
    }
}
