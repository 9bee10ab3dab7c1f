//! Invocations of every kind, one after the other and eight at once: each response is right, and the memory does not grow.

use std::collections::HashMap;
use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{self, Asked, Function, Process};

/// The interval of the checks that the function lives, and the number without a response after which it hangs.
const LOOK: Duration = Duration::from_secs(1);
const PATIENCE: u32 = 60;

/// The changes of the trace header from one invocation to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trace {
    Absent,
    Same,
    /// Another of the same length, as Lambda sends it.
    Other,
    /// Another, whose length changes, too.
    OtherLength,
}

impl Trace {
    fn header(self, number: u64) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Same => Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned()),
            Self::Other => Some(format!("Root=1-5759e988-{number:024x};Parent={number:016x};Sampled=1")),
            Self::OtherLength => {
                let more = "x".repeat(usize::try_from(number % 64).expect("it is small"));
                Some(format!("Root=1-5759e988-{number:024x};Parent={number:016x};Sampled=1;Lineage={more}"))
            }
        }
    }
}

/// The event of this invocation: eleven of twenty are good.
fn event(number: u64) -> Value {
    let what = match number % 20 {
        3 => "fail",
        5 => "panic",
        7 if number % 100 == 7 => "wait",
        9 if number % 100 == 9 => "fill",
        _ => "answer",
    };
    let mut event = json!({
        "version": "2.0", "routeKey": "POST /", "rawPath": "/", "rawQueryString": "",
        "headers": { "content-type": "application/json", "origin": "https://app.example.com" },
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "a.example.com", "requestId": format!("r{number}"), "stage": "$default",
            "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" },
        },
        "body": json!({ "what": what, "number": number }).to_string(),
        "isBase64Encoded": false,
    });
    match number % 20 {
        11 => event["body"] = "{\"what\":".into(),
        12 => event["body"] = json!({ "what": "answer", "number": format!("x{number}") }).to_string().into(),
        13 => event["isBase64Encoded"] = true.into(),
        14 => event["headers"]["content-type"] = "text/plain".into(),
        15 => event["rawPath"] = 5.into(),
        16 => event = json!([number]),
        17 => {
            event["requestContext"]["http"]["method"] = "OPTIONS".into();
            event["headers"]["access-control-request-method"] = "POST".into();
        }
        _ => {}
    }
    event
}

/// Returns the mistake in its response.
fn mistake(number: u64, asked: &Asked) -> Option<String> {
    let text = String::from_utf8_lossy(&asked.body);
    let answer: Value = match serde_json::from_slice(&asked.body) {
        Ok(answer) => answer,
        Err(error) => return Some(format!("{error}: {text}")),
    };
    let is_response = asked.answered().is_some_and(|(_, is_response)| is_response);
    let right = match number % 20 {
        16 => !is_response && answer["errorType"] == "NotAnHttpEvent",
        3 | 5 => is_response && answer["statusCode"] == 500 && !text.contains("hunter2"),
        11 | 13 | 15 => is_response && answer["statusCode"] == 400,
        12 => is_response && answer["statusCode"] == 422,
        14 => is_response && answer["statusCode"] == 415,
        17 => is_response && (answer["statusCode"] == 200 || answer["statusCode"] == 204),
        _ => {
            let body: Value =
                answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
            let filled = body["filling"].as_str().map_or(0, str::len);
            is_response
                && answer["statusCode"] == 201
                && answer["headers"]["access-control-allow-origin"] == "https://app.example.com"
                && body["number"] == number
                && body["request_id"] == format!("i{number}")
                && filled == if number % 100 == 9 { 100_000 } else { 0 }
        }
    };
    (!right).then(|| format!("{number}: {} {text}", asked.path))
}

/// The events so far.
#[derive(Default)]
struct Run {
    given: u64,
    answered: u64,
    /// Given, without a response yet.
    open: HashMap<String, u64>,
    mistakes: Vec<String>,
    connections: usize,
    /// The invocations, the KB of anonymous memory and the descriptors, now and then.
    seen: Vec<(u64, u64, usize)>,
}

/// One run: this many invocations, `at_once` of them at a time.
struct Soak {
    count: u64,
    trace: Trace,
    process: Process,
    run: Mutex<Run>,
    done: Condvar,
}

impl Soak {
    fn run(count: u64, trace: Trace, at_once: usize) -> Run {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at_once = at_once.to_string();
        let mut function = Function::start(&listener, &[("AWS_LAMBDA_MAX_CONCURRENCY", &at_once)]);
        let soak =
            Arc::new(Self { count, trace, process: function.process(), run: Mutex::default(), done: Condvar::new() });
        let accepts = Arc::clone(&soak);
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let soak = Arc::clone(&accepts);
                std::thread::spawn(move || soak.connection(stream));
            }
        });
        soak.wait(&mut function)
    }

    /// Runs until all have a response, or a wrong one, or the function ended or hangs.
    fn wait(&self, function: &mut Function) -> Run {
        let (mut run, mut answered, mut looks) = (self.run.lock().expect("no thread panics"), 0, 0);
        while run.answered < self.count && run.mistakes.is_empty() {
            run = self.done.wait_timeout(run, LOOK).expect("no thread panics").0;
            looks = if run.answered == answered { looks + 1 } else { 0 };
            answered = run.answered;
            if let Some(status) = function.0.try_wait().expect("its state") {
                run.mistakes.push(format!("the function ended after {answered} answers: {status}"));
            } else if looks > PATIENCE {
                run.mistakes.push(format!("the function hangs after {answered} answers"));
            }
        }
        std::mem::take(&mut run)
    }

    fn connection(&self, stream: TcpStream) {
        stream.set_nodelay(true).expect("a socket");
        self.run.lock().expect("no thread panics").connections += 1;
        let mut reader = BufReader::new(stream);
        while let Some(asked) = api::asked(&mut reader) {
            let bytes = if asked.is_next() { self.next() } else { self.take(&asked) };
            match bytes {
                Some(bytes) if api::write(reader.get_ref(), &bytes) => {}
                _ => return self.done.notify_all(),
            }
        }
    }

    /// The next event; none after the last one, for which the function waits until it is ended.
    fn next(&self) -> Option<Vec<u8>> {
        let number = {
            let mut run = self.run.lock().expect("no thread panics");
            if run.given == self.count {
                drop(run);
                loop {
                    std::thread::park();
                }
            }
            run.given += 1;
            let number = run.given;
            run.open.insert(format!("i{number}"), number);
            number
        };
        Some(api::event(&format!("i{number}"), self.trace.header(number).as_deref(), &event(number).to_string()))
    }

    fn take(&self, asked: &Asked) -> Option<Vec<u8>> {
        let id = asked.answered().map(|(id, _)| id.to_owned()).unwrap_or_default();
        let number = self.run.lock().expect("no thread panics").open.remove(&id);
        let mistake = match number {
            Some(number) => mistake(number, asked),
            None => Some(format!("answered twice, or never asked: {}", asked.path)),
        };
        let mut run = self.run.lock().expect("no thread panics");
        run.mistakes.extend(mistake);
        run.answered += 1;
        if run.answered.is_multiple_of((self.count / 100).max(1)) {
            let seen = self.process.memory().zip(self.process.descriptors());
            let answered = run.answered;
            run.seen.extend(seen.map(|(memory, descriptors)| (answered, memory, descriptors)));
        }
        if run.answered == self.count || !run.mistakes.is_empty() {
            self.done.notify_all();
        }
        Some(api::TAKEN.to_vec())
    }
}

/// A few thousand, unless `PILASTER_SOAK` says otherwise.
fn count() -> u64 {
    std::env::var("PILASTER_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

/// Runs it, and gives the bytes by which each invocation after the warm-up made its anonymous memory grow.
fn growth(trace: Trace, at_once: usize) -> f64 {
    let began = std::time::Instant::now();
    let run = Soak::run(count(), trace, at_once);
    assert!(run.mistakes.is_empty(), "{:?}", run.mistakes);
    assert_eq!((run.given, run.answered, run.open.len()), (count(), count(), 0));
    // The first 10,000, or the first half of a short run, are the warm-up.
    let warm_after = 10_000.min(count() / 2);
    let warm = run.seen.iter().find(|(answered, ..)| *answered >= warm_after).expect("a look at it");
    let first = run.seen.first().expect("a look at it");
    let last = run.seen.last().expect("a look at it");
    let (least, most) = run
        .seen
        .iter()
        .filter(|seen| seen.0 >= warm.0)
        .fold((usize::MAX, 0), |(least, most), seen| (least.min(seen.2), most.max(seen.2)));
    let growth = (last.1 as f64 - warm.1 as f64) * 1024.0 / (last.0 - warm.0) as f64;
    println!(
        "{trace:?}, {at_once} at once: {} invocations in {:.1?}; anonymous KB {} after {}, {} after {}, {} at the end: \
         {growth:.1} bytes per invocation; {least} to {most} descriptors; {} connections",
        run.answered,
        began.elapsed(),
        first.1,
        first.0,
        warm.1,
        warm.0,
        last.1,
        run.connections
    );
    assert!(most <= least + at_once, "{least} to {most} descriptors");
    growth
}

/// Returns the noise in a run of this length: half a megabyte.
fn noise() -> f64 {
    512.0 * 1024.0 / count() as f64
}

#[test]
fn one_after_the_other_every_answer_is_right_and_nothing_grows() {
    for trace in [Trace::Absent, Trace::Same] {
        let growth = growth(trace, 1);
        assert!(growth < noise() * 2.0, "{trace:?}: {growth:.1} bytes per invocation");
    }
}

/// `lambda_runtime` puts each trace id into the variable `_X_AMZN_TRACE_ID`, and glibc keeps every value that a variable ever had
/// (see README.md): about 190 bytes for each invocation. More than that would be ours.
#[test]
fn a_new_trace_id_costs_what_the_variable_costs_and_no_more() {
    for trace in [Trace::Other, Trace::OtherLength] {
        let growth = growth(trace, 1);
        assert!(growth < 260.0 + noise() * 2.0, "{trace:?}: {growth:.1} bytes per invocation");
    }
}

#[test]
fn eight_at_once_every_answer_is_right_and_nothing_grows() {
    let growth = growth(Trace::Other, 8);
    assert!(growth < noise() * 4.0, "{growth:.1} bytes per invocation");
}
