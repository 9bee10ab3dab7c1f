//! Faults of the Runtime API at each step of an invocation: the function goes on, or ends with a code other than 0, after which Lambda
//! starts it anew. Either way no event gets two responses.

use std::collections::HashMap;
use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::api::{self, Function};

/// Far beyond what anything takes: only a function that hangs gets here.
const PATIENCE: Duration = Duration::from_secs(60);

/// The fault in place of a plain response.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The connection is closed.
    Cut,
    /// It is closed after this many thousandths of the response.
    CutAt(usize),
    /// It is closed after the response, where it should stay open.
    CutAfter,
    /// This instead.
    Instead(&'static str),
    /// A byte at a time.
    Slow,
}

/// At which request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Next,
    Answer,
}

/// The outcome after the fault.
#[derive(Debug, PartialEq)]
enum Outcome {
    GoesOn,
    Ends(Option<i32>),
}
use Outcome::{Ends, GoesOn};

#[derive(Default)]
struct Seen {
    given: u64,
    answers: HashMap<String, usize>,
    faulted: bool,
}

/// The second event, or its response, has the fault. The first shows that the function was well.
fn outcome(step: Step, fault: Fault, at_once: &str) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut function = Function::start(&listener, &[("AWS_LAMBDA_MAX_CONCURRENCY", at_once)]);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let accepts = Arc::clone(&seen);
    // It ends with the process of the test.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&accepts);
            std::thread::spawn(move || serve(stream, step, fault, &seen));
        }
    });
    let began = Instant::now();
    let outcome = loop {
        if let Some(status) = function.0.try_wait().expect("its state") {
            break Ends(status.code());
        }
        let seen = seen.lock().expect("no thread panics");
        if seen.faulted && seen.given >= 6 && seen.answers.len() >= 5 {
            break GoesOn;
        }
        drop(seen);
        assert!(began.elapsed() < PATIENCE, "{step:?}, {fault:?}: it hangs");
        sleep(Duration::from_millis(2));
    };
    let seen = seen.lock().expect("no thread panics");
    assert!(seen.faulted, "{step:?}, {fault:?}: it never came so far");
    assert!(seen.answers.values().all(|times| *times == 1), "{step:?}, {fault:?}: {:?}", seen.answers);
    outcome
}

fn serve(stream: TcpStream, step: Step, fault: Fault, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = api::asked(&mut reader) {
        let mut now = seen.lock().expect("no thread panics");
        let (bytes, this) = if asked.is_next() {
            now.given += 1;
            (event(now.given), Step::Next)
        } else {
            let (id, _) = asked.answered().expect("an answer");
            *now.answers.entry(id.to_owned()).or_default() += 1;
            (api::TAKEN.to_vec(), Step::Answer)
        };
        let second = if this == Step::Next { now.given == 2 } else { now.answers.len() == 2 };
        let strikes = this == step && second && !now.faulted;
        now.faulted |= strikes;
        drop(now);
        let stream = reader.get_ref();
        match fault {
            _ if !strikes => drop(api::write(stream, &bytes)),
            Fault::Cut => return,
            Fault::CutAt(thousandths) => {
                api::write(stream, &bytes[..bytes.len() * thousandths / 1000]);
                return;
            }
            Fault::CutAfter => {
                api::write(stream, &bytes);
                return;
            }
            Fault::Instead(answer) => drop(api::write(stream, answer.as_bytes())),
            Fault::Slow => bytes.chunks(1).for_each(|byte| {
                api::write(stream, byte);
                sleep(Duration::from_micros(200));
            }),
        }
    }
}

fn event(number: u64) -> Vec<u8> {
    event_of("answer", number)
}

fn event_of(what: &str, number: u64) -> Vec<u8> {
    let event = json!({
        "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": { "content-type": "application/json" },
        "requestContext": { "stage": "$default", "http": { "method": "POST", "path": "/" } },
        "body": json!({ "what": what, "number": number }).to_string(), "isBase64Encoded": false,
    });
    api::event(&format!("i{number}"), None, &event.to_string())
}

const GOES_ON: &[Outcome] = &[GoesOn];
const ENDS: &[Outcome] = &[Ends(Some(1))];
/// A connection is cut after all was sent: its end is heard of before the next request, or by it.
const EITHER: &[Outcome] = &[GoesOn, Ends(Some(1))];

const DOWN: &str =
    "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
const REFUSED: &str = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\n{}";
const NO_DEADLINE: &str = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: i11\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
const NO_HTTP: &str = "what do you want?\r\n\r\n";

#[test]
fn a_fault_while_it_asks_for_an_event_ends_it_or_does_no_harm() {
    for (fault, expected) in [
        (Fault::Cut, ENDS),
        (Fault::CutAt(100), ENDS),
        (Fault::CutAt(900), ENDS),
        (Fault::CutAfter, EITHER),
        // An event without an id, on which `lambda_runtime` panics.
        (Fault::Instead(DOWN), ENDS),
        (Fault::Instead(NO_HTTP), ENDS),
        (Fault::Slow, GOES_ON),
    ] {
        let outcome = outcome(Step::Next, fault, "1");
        assert!(expected.contains(&outcome), "{fault:?}: {outcome:?}");
    }
}

#[test]
fn a_fault_while_it_answers_ends_it_or_does_no_harm_and_nothing_is_answered_twice() {
    for (fault, expected) in [
        (Fault::Cut, ENDS),
        (Fault::CutAt(500), ENDS),
        (Fault::CutAfter, EITHER),
        (Fault::Instead(DOWN), GOES_ON),
        (Fault::Instead(REFUSED), GOES_ON),
        (Fault::Instead(NO_HTTP), ENDS),
        (Fault::Slow, GOES_ON),
    ] {
        let outcome = outcome(Step::Answer, fault, "1");
        assert!(expected.contains(&outcome), "{fault:?}: {outcome:?}");
    }
}

/// With managed concurrency the other workers go on.
#[test]
fn a_fault_of_one_of_eight_keeps_no_other_back() {
    for step in [Step::Next, Step::Answer] {
        for fault in [Fault::Cut, Fault::CutAt(900), Fault::CutAfter, Fault::Instead(DOWN), Fault::Slow] {
            assert_eq!(outcome(step, fault, "8"), GoesOn, "{step:?}, {fault:?}");
        }
    }
}

/// The number of open polls for an event.
#[derive(Default)]
struct Polls {
    /// The ids of the events that were given, and the outcome of each.
    answers: HashMap<String, Vec<bool>>,
    given: usize,
    open: usize,
}

/// Gives the events of the faults, then none, and counts the polls that wait for one.
fn serve_faults(stream: TcpStream, faults: &[(Step, Fault)], polls: &Mutex<Polls>) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = api::asked(&mut reader) {
        let mut now = polls.lock().expect("no thread panics");
        let (bytes, fault) = if asked.is_next() {
            let Some((step, fault)) = faults.get(now.given) else {
                now.open += 1;
                drop(now);
                // It waits until the function closes the connection.
                let _ = std::io::Read::read(&mut reader, &mut [0]);
                polls.lock().expect("no thread panics").open -= 1;
                return;
            };
            now.given += 1;
            (event(now.given as u64), (*step == Step::Next).then_some(*fault))
        } else {
            let (id, is_response) = asked.answered().expect("an answer");
            now.answers.entry(id.to_owned()).or_default().push(is_response);
            let number: usize = id.trim_start_matches('i').parse().expect("an id of ours");
            let (step, fault) = faults[number - 1];
            (api::TAKEN.to_vec(), (step == Step::Answer).then_some(fault))
        };
        drop(now);
        match fault {
            Some(Fault::Cut) => return,
            Some(Fault::CutAt(thousandths)) => {
                api::write(reader.get_ref(), &bytes[..bytes.len() * thousandths / 1000]);
                return;
            }
            Some(Fault::Instead(answer)) => drop(api::write(reader.get_ref(), answer.as_bytes())),
            _ => drop(api::write(reader.get_ref(), &bytes)),
        }
    }
}

/// With managed concurrency each fault costs its own invocation at most: the process polls as often at a time as before.
#[test]
fn the_polls_of_managed_concurrency_are_kept_up_over_faults() {
    let faults = [
        (Step::Answer, Fault::Cut),
        (Step::Next, Fault::CutAt(950)),
        (Step::Answer, Fault::CutAt(500)),
        (Step::Next, Fault::Cut),
        (Step::Next, Fault::Instead(DOWN)),
        (Step::Next, Fault::CutAt(300)),
        (Step::Answer, Fault::Instead(NO_HTTP)),
        (Step::Next, Fault::Instead(NO_HTTP)),
        (Step::Next, Fault::CutAt(900)),
        (Step::Next, Fault::Slow),
        (Step::Next, Fault::Instead(NO_DEADLINE)),
    ];
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut function = Function::start(&listener, &[("AWS_LAMBDA_MAX_CONCURRENCY", "4")]);
    let polls = Arc::new(Mutex::new(Polls::default()));
    let accepts = Arc::clone(&polls);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let polls = Arc::clone(&accepts);
            std::thread::spawn(move || serve_faults(stream, &faults, &polls));
        }
    });
    let began = Instant::now();
    loop {
        assert_eq!(function.0.try_wait().expect("its state"), None, "it ended");
        let now = polls.lock().expect("no thread panics");
        if now.given == faults.len() && now.open == 4 {
            break;
        }
        let (given, open) = (now.given, now.open);
        drop(now);
        assert!(began.elapsed() < PATIENCE, "{given} events were given and {open} polls are open");
        sleep(Duration::from_millis(2));
    }
    let now = polls.lock().expect("no thread panics");
    assert!(now.answers.values().all(|times| times.len() == 1), "{:?}", now.answers);
    // An event that arrived in part is reported, so that its caller does not wait for the time-out.
    assert_eq!(now.answers.get("i2"), Some(&vec![false]));
    assert_eq!(now.answers.get("i11"), Some(&vec![false]));
    assert_eq!(now.answers.get("i10"), Some(&vec![true]));
}

/// An invocation that is served while the polls beside it give up is answered before the process ends.
#[test]
fn polls_that_give_up_let_the_others_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut function = Function::start(&listener, &[("AWS_LAMBDA_MAX_CONCURRENCY", "2")]);
    let seen = Arc::new(Mutex::new((false, Vec::new())));
    let accepts = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&accepts);
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                while let Some(asked) = api::asked(&mut reader) {
                    let mut seen = seen.lock().expect("no thread panics");
                    let bytes = match (asked.answered(), seen.0) {
                        (Some((id, is_response)), _) => {
                            seen.1.push((id.to_owned(), is_response));
                            api::TAKEN.to_vec()
                        }
                        (None, false) => {
                            seen.0 = true;
                            event_of("linger", 1)
                        }
                        (None, true) => DOWN.as_bytes().to_vec(),
                    };
                    drop(seen);
                    api::write(reader.get_ref(), &bytes);
                }
            });
        }
    });
    let began = Instant::now();
    let status = loop {
        if let Some(status) = function.0.try_wait().expect("its state") {
            break status;
        }
        assert!(began.elapsed() < PATIENCE, "it hangs");
        sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(1));
    assert_eq!(seen.lock().expect("no thread panics").1, [("i1".to_owned(), true)]);
}

/// A Runtime API that is gone ends the process, which Lambda starts again with all of its polls.
#[test]
fn a_runtime_api_that_is_gone_ends_managed_concurrency_too() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut function = Function::start(&listener, &[("AWS_LAMBDA_MAX_CONCURRENCY", "4")]);
    drop(listener);
    let began = Instant::now();
    let status = loop {
        if let Some(status) = function.0.try_wait().expect("its state") {
            break status;
        }
        assert!(began.elapsed() < PATIENCE, "it hangs");
        sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(1));
}
