//! Other readers of the same events: `lambda_http`, mangum and Powertools for Python. Where one of them makes another request of an
//! event than Pilaster, the difference is explained here; one that is not explained fails, and so does an explanation that explains
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Body;
use percent_encoding::percent_decode_str;
use pilaster::testing::Caller;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use super::gateway::{GATEWAYS, Gateway, Visible};
use super::holds;
use super::http::{once, seen, shown};
use super::sent::{Sent, sent};
use crate::decoders::block_on;

/// A request in a form that all readers can be asked for.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    method: String,
    /// Each escape undone once.
    path: String,
    query: BTreeMap<String, Vec<String>>,
    /// The values of a name joined.
    headers: BTreeMap<String, String>,
    cookies: String,
    body: Vec<u8>,
}

impl From<Visible> for Read {
    fn from(visible: Visible) -> Self {
        Self {
            method: visible.method,
            path: String::from_utf8_lossy(&once(&visible.path)).into_owned(),
            query: visible.query,
            headers: visible.headers.into_iter().map(|(name, values)| (name, values.join(", "))).collect(),
            cookies: visible.cookies.join(" | "),
            body: visible.body,
        }
    }
}

/// Why a reader makes something else of one part of a request, and of which ones.
struct Difference {
    part: &'static str,
    why: &'static str,
    of: fn(Gateway, &Value) -> bool,
}

/// Fails where the two differ in a part and nothing explains it; says what explained it.
fn compare(
    differences: &'static [Difference],
    gateway: Gateway,
    event: &Value,
    ours: &Read,
    theirs: &Read,
    used: &mut BTreeSet<&'static str>,
) {
    for (part, is_equal) in [
        ("method", ours.method == theirs.method),
        ("path", ours.path == theirs.path),
        ("query", ours.query == theirs.query),
        ("headers", ours.headers == theirs.headers),
        ("cookies", ours.cookies == theirs.cookies),
        ("body", ours.body == theirs.body),
    ] {
        if !is_equal {
            let explained =
                differences.iter().find(|difference| difference.part == part && (difference.of)(gateway, event));
            match explained {
                Some(difference) => drop(used.insert(difference.why)),
                None => panic!("{part} behind {gateway:?}\nours   {ours:?}\ntheirs {theirs:?}\nevent  {event}"),
            }
        }
    }
}

fn all_used(differences: &[Difference], used: &BTreeSet<&str>) {
    // A few cases cannot show all of them.
    if std::env::var("PROPTEST_CASES").is_ok_and(|cases| cases.parse().is_ok_and(|cases: u32| cases < 48)) {
        return;
    }
    let unused =
        differences.iter().map(|difference| difference.why).filter(|why| !used.contains(why)).collect::<Vec<_>>();
    assert!(unused.is_empty(), "these explain nothing: {unused:?}");
}

/// The path in the event.
fn path(event: &Value) -> &str {
    ["rawPath", "path", "raw_path"].into_iter().find_map(|name| event[name].as_str()).unwrap_or_default()
}

fn is_rest_form(gateway: Gateway) -> bool {
    matches!(gateway, Gateway::Rest | Gateway::RestMapped | Gateway::HttpApiV1)
}

/// Returns whether it has a name with several values.
fn has_repeated(fields: &Value) -> bool {
    fields.as_object().into_iter().flatten().any(|(_, values)| values.as_array().is_some_and(|values| values.len() > 1))
}

fn has_split_cookies(_: Gateway, event: &Value) -> bool {
    ["headers", "multiValueHeaders"]
        .into_iter()
        .any(|field| event[field]["cookie"].as_array().is_some_and(|all| all.len() > 1))
}

const LAMBDA_HTTP: &[Difference] = &[
    Difference {
        part: "path",
        why: "it keeps the stage of an API in the path (unless AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH is set), and puts one there for a REST API",
        of: |gateway, _| is_rest_form(gateway) || matches!(gateway, Gateway::HttpApiStage | Gateway::HttpApiRoute),
    },
    Difference {
        part: "path",
        why: "it decodes an HTTP API's path again, and takes a `?` or `#` in it for the end of the path",
        of: |gateway, event| gateway.is_http_api() && path(event).contains(['%', '?', '#']),
    },
    Difference {
        part: "path",
        why: "it reads the path as browsers read an address: it resolves `.` and `..`, takes `\\` for `/`, drops tabs and line breaks, and blanks and control characters at the end",
        of: |_, event| {
            let is_dots = |segment: &str| matches!(&*once(segment), b"." | b"..");
            path(event).split(['/', '\\']).any(is_dots)
                || path(event).contains(['\\', '\t', '\n', '\r'])
                || path(event).ends_with(|last| last <= ' ')
        },
    },
    Difference {
        part: "path",
        why: "a message has neither a method nor a path there, where Pilaster's are POST and the route",
        of: |gateway, _| gateway == Gateway::WebSocket,
    },
    Difference {
        part: "method",
        why: "a message has neither a method nor a path there, where Pilaster's are POST and the route",
        of: |gateway, _| gateway == Gateway::WebSocket,
    },
    Difference {
        part: "headers",
        why: "of a header that is repeated it keeps the last value, where an event has them in both maps",
        of: |gateway, event| is_rest_form(gateway) && has_repeated(&event["multiValueHeaders"]),
    },
    Difference { part: "cookies", why: "it does not join cookies that came in several fields", of: has_split_cookies },
    Difference {
        part: "query",
        why: "a `?` in an HTTP API's decoded path begins the query there, and a `#` ends the address before it",
        of: |gateway, event| gateway.is_http_api() && path(event).contains(['?', '#']),
    },
];

fn by_lambda_http(event: &Value) -> Option<Read> {
    let (parts, body) = lambda_http::request::from_str(&event.to_string()).ok()?.into_parts();
    let values = |name: &str| {
        parts
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect::<Vec<_>>()
    };
    let names = parts.headers.keys().filter(|name| is_own(name.as_str()));
    Some(Read {
        method: parts.method.to_string(),
        path: String::from_utf8_lossy(&once(parts.uri.path())).into_owned(),
        query: pairs(parts.uri.query().unwrap_or_default()),
        headers: names.map(|name| (name.to_string(), values(name.as_str()).join(", "))).collect(),
        cookies: values("cookie").join(" | "),
        body: match body {
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
            _ => Vec::new(),
        },
    })
}

/// Returns whether it is one of the test's own headers.
fn is_own(name: &str) -> bool {
    name.starts_with("x-") && !name.starts_with("x-forwarded-")
}

/// The pairs of a query, as a form's.
fn pairs(query: &str) -> BTreeMap<String, Vec<String>> {
    let undone = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        all.entry(undone(name)).or_default().push(undone(value));
    }
    all
}

fn ours(caller: &Caller<impl pilaster::RawService>, event: &Value) -> Read {
    block_on(caller.call(event.clone())).unwrap();
    seen().into()
}

#[test]
fn lambda_http_reads_the_same_but_for_what_is_explained() {
    let caller = Caller::new(pilaster::handler(shown));
    let used = std::cell::RefCell::new(BTreeSet::new());
    holds(sent(), |sent: Sent| {
        // It knows no VPC Lattice of version 1.
        for gateway in GATEWAYS.into_iter().filter(|gateway| *gateway != Gateway::LatticeV1) {
            let Some(event) = gateway.event(&sent) else { continue };
            let theirs = by_lambda_http(&event).unwrap_or_else(|| panic!("{gateway:?} is not read: {event}"));
            compare(LAMBDA_HTTP, gateway, &event, &ours(&caller, &event), &theirs, &mut used.borrow_mut());
        }
    });
    all_used(LAMBDA_HTTP, &used.borrow());
}

const PYTHON: &[Difference] = &[
    Difference {
        part: "path",
        why: "mangum takes `requestContext.http.path`, which is decoded, and decodes it again",
        of: |gateway, event| event["version"].is_string() && gateway != Gateway::Lattice && path(event).contains('%'),
    },
    Difference {
        part: "path",
        why: "mangum takes neither a stage nor a base path off, unless it is configured",
        of: |gateway, _| {
            matches!(gateway, Gateway::HttpApiStage | Gateway::HttpApiRoute | Gateway::HttpApiV1 | Gateway::RestMapped)
        },
    },
    Difference { part: "cookies", why: "neither joins cookies that came in several fields", of: has_split_cookies },
];

/// The events of the fixture and what mangum and Powertools made of them.
fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/oracles")
}

/// Some requests through each gateway that a Python reader knows, always the same ones. `WRITE_CORPUS=1` writes their events for
/// `fixtures/oracles/read.py`.
#[test]
fn python_readers_read_the_same_but_for_what_is_explained() {
    let caller = Caller::new(pilaster::handler(shown));
    if std::env::var_os("WRITE_CORPUS").is_some() {
        let lines =
            corpus().into_iter().map(|(gateway, event)| json!({ "gateway": format!("{gateway:?}"), "event": event }));
        let lines = lines.map(|line| line.to_string() + "\n").collect::<String>();
        std::fs::write(fixture().join("corpus.jsonl"), lines).unwrap();
    }
    let mut used = BTreeSet::new();
    let lines = std::fs::read_to_string(fixture().join("read.jsonl")).unwrap();
    let mut gateways = BTreeSet::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let gateway = GATEWAYS.into_iter().find(|gateway| line["gateway"] == format!("{gateway:?}")).unwrap();
        let read = &line["read"];
        let strings = |value: &Value| value.as_str().unwrap().to_owned();
        let theirs = Read {
            method: strings(&read["method"]),
            path: strings(&read["path"]),
            query: serde_json::from_value(read["query"].clone()).unwrap(),
            headers: serde_json::from_value(read["headers"].clone()).unwrap(),
            cookies: strings(&read["cookies"]),
            body: STANDARD.decode(strings(&read["body"])).unwrap(),
        };
        compare(PYTHON, gateway, &line["event"], &ours(&caller, &line["event"]), &theirs, &mut used);
        gateways.insert(format!("{gateway:?}"));
    }
    assert_eq!(gateways.len(), GATEWAYS.len() - 2, "all but a message and the tests' own");
    all_used(PYTHON, &used);
}

fn corpus() -> Vec<(Gateway, Value)> {
    let config = Config { rng_seed: RngSeed::Fixed(1), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let mut events = Vec::new();
    for _ in 0..8 {
        let sent = sent().new_tree(&mut runner).unwrap().current();
        let of = |gateway: Gateway| Some((gateway, gateway.event(&sent)?));
        let python = GATEWAYS.into_iter().filter(|gateway| !matches!(gateway, Gateway::WebSocket | Gateway::Local));
        events.extend(python.filter_map(of));
    }
    events
}
