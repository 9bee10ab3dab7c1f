//! SnapStart by a built binary: between initialisation and the first event lies the restore protocol of the Runtime API.
//!
//! Stand-ins: a Secrets Manager that numbers what it gives, and a Runtime API that restores once the connection to the former is
//! closed, since no snapshot may hold it. What the two see is one list.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engines::binary::Guarded;
use serde_json::{Value, json};

/// Far beyond what it takes: only a connection that stays open gets here.
const PATIENCE: Duration = Duration::from_secs(60);

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next";
const RESTORE: &str = "GET /2018-06-01/runtime/restore/next";
const RESPONSE: &str = "POST /2018-06-01/runtime/invocation/7/response";

const PASSWORDS: [&str; 3] = ["first", "second", "third"];

/// The observations of a stand-in.
#[derive(Debug, PartialEq)]
enum Seen {
    /// The request's method and path, and its body.
    Asked(String, String),
    /// A connection to Secrets Manager is closed.
    Closed,
}

fn asked(what: &str) -> Seen {
    Seen::Asked(what.to_owned(), String::new())
}

/// One request, or none if the connection is closed.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().expect("a length"))
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let what = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    Some((what, String::from_utf8(body).expect("text")))
}

fn respond(mut stream: &TcpStream, headers: &str, body: &str) {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    // The client may be gone.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

fn listen(serve: impl Fn(&TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            std::thread::spawn(move || serve(&stream));
        }
    });
    address
}

/// Gives the next password each time that it is asked.
fn secrets_manager(seen: Sender<Seen>, closed: Sender<()>) -> String {
    let asked = Arc::new(AtomicUsize::new(0));
    listen(move |stream| {
        let mut reader = BufReader::new(stream);
        while let Some((_, body)) = request(&mut reader) {
            let _ = seen.send(Seen::Asked("the secret".to_owned(), String::new()));
            assert!(body.contains("database"), "{body}");
            let number = asked.fetch_add(1, Ordering::Relaxed);
            let password = json!({ "password": PASSWORDS[number] }).to_string();
            let value = json!({ "Name": "database", "VersionId": number.to_string(), "SecretString": password });
            respond(stream, "Content-Type: application/x-amz-json-1.1\r\n", &value.to_string());
        }
        let _ = seen.send(Seen::Closed);
        let _ = closed.send(());
    })
}

/// Restores, gives one event, and no other.
fn runtime_api(seen: Sender<Seen>, closed: Receiver<()>) -> String {
    let closed = Arc::new(Mutex::new(closed));
    let given = Arc::new(AtomicBool::new(false));
    listen(move |stream| {
        let mut reader = BufReader::new(stream);
        while let Some((what, body)) = request(&mut reader) {
            if what == RESTORE {
                let closed = closed.lock().expect("the only one");
                closed.recv_timeout(PATIENCE).expect("no connection is open when the snapshot is taken");
            }
            let _ = seen.send(Seen::Asked(what.clone(), body));
            match what.as_str() {
                RESTORE => respond(stream, "", ""),
                NEXT if !given.swap(true, Ordering::Relaxed) => {
                    let head = "Lambda-Runtime-Aws-Request-Id: 7\r\nLambda-Runtime-Deadline-Ms: 0\r\n";
                    respond(stream, head, "{}");
                }
                NEXT => {}
                _ => respond(stream, "", "{}"),
            }
        }
    })
}

struct Function {
    process: Guarded,
    seen: Receiver<Seen>,
}

fn start(environment: &[(&str, &str)]) -> Function {
    let (sender, seen) = channel();
    let (close, closed) = channel();
    let secrets = format!("http://{}", secrets_manager(sender.clone(), close));
    let mut command = Command::new(env!("CARGO_BIN_EXE_restored"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api(sender, closed))
        .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets)
        .envs([
            ("AWS_LAMBDA_FUNCTION_NAME", "restored"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
        ])
        .envs(environment.iter().copied())
        .spawn()
        .map(Guarded)
        .expect("it starts");
    Function { process, seen }
}

impl Function {
    /// Returns the requests until this one, and its body.
    fn until(&self, end: &str) -> (Vec<Seen>, String) {
        let mut before = Vec::new();
        for seen in &self.seen {
            match seen {
                Seen::Asked(what, body) if what == end => return (before, body),
                seen => before.push(seen),
            }
        }
        panic!("it never asked {end}: {before:?}")
    }

    fn answer(&self) -> Value {
        serde_json::from_str(&self.until(RESPONSE).1).expect("JSON")
    }
}

#[test]
fn secrets_and_connections_are_dropped_before_the_snapshot_and_made_again_after_the_restore() {
    let function = start(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")]);
    assert_eq!(function.until(RESTORE).0, [asked("the secret"), Seen::Closed]);
    assert_eq!(function.until(NEXT).0, [asked("the secret")]);
    let answer = function.answer();
    assert_eq!(answer["password"], "second");
    assert_eq!(answer["cold_start"], true);
    assert_eq!(answer["seen"], json!(["before: first", "after: second"]));
}

#[test]
fn without_snapstart_nothing_is_dropped_and_no_hook_runs() {
    let function = start(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")]);
    assert_eq!(function.until(NEXT).0, [asked("the secret")]);
    assert_eq!(function.answer(), json!({ "password": "first", "cold_start": true, "seen": [] }));
}

#[test]
fn a_hook_that_panics_after_the_restore_is_reported_to_lambda_and_nothing_is_served() {
    let mut function = start(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"), ("PANICS", "1")]);
    let (before, error) = function.until("POST /2018-06-01/runtime/restore/error");
    assert!(!before.contains(&asked(NEXT)), "{before:?}");
    let error: Value = serde_json::from_str(&error).expect("JSON");
    assert_eq!(error["errorMessage"], "a hook of on_restore panicked");
    assert_eq!(function.process.0.wait().expect("its end").code(), Some(1));
}
