//! What is encoded and decoded again is what it was: requests and answers of each form of HTTP event, ids of records and answers.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::http::{Body, Bytes, HeaderMap, IntoResponse, Method, Response, StatusCode, Uri};
use pilaster::testing::{Caller, http::Answer};
use pilaster::{BoxError, Kafka, Sqs};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::mutate::Random;

const SOURCES: [&str; 6] = ["http api", "rest", "alb", "alb multi", "lattice", "lattice 1"];

/// Answers with what it was asked, byte by byte.
async fn mirror(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(headers["x-status"].to_str().unwrap().parse().unwrap()).unwrap();
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-") || *name == "content-type") {
        answer.headers_mut().append(name, value.clone());
    }
    let seen = format!("{method} {}", uri.path());
    answer.headers_mut().insert("x-seen", seen.parse().unwrap());
    answer.into_response()
}

fn text(random: &mut Random, letters: &[char], most: usize) -> String {
    (0..random.below(most)).map(|_| *random.pick(letters)).collect()
}

fn event(source: &str, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Value {
    let single: Map<_, _> = headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let multi: Map<_, _> = headers.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    let mut event = match source {
        "http api" => json!({
            "rawPath": path, "rawQueryString": "", "headers": single,
            "requestContext": { "http": { "method": method, "path": path }, "stage": "$default" },
        }),
        "rest" => {
            json!({ "httpMethod": method, "path": path, "multiValueHeaders": multi, "requestContext": { "stage": "prod" } })
        }
        "alb" => json!({ "httpMethod": method, "path": path, "headers": single, "requestContext": { "elb": {} } }),
        "alb multi" => {
            json!({ "httpMethod": method, "path": path, "multiValueHeaders": multi, "requestContext": { "elb": {} } })
        }
        "lattice" => {
            json!({ "method": method, "path": path, "headers": multi, "requestContext": { "serviceNetworkArn": "arn" } })
        }
        _ => json!({ "method": method, "raw_path": path, "headers": single }),
    };
    let flag = if source == "lattice 1" { "is_base64_encoded" } else { "isBase64Encoded" };
    event[flag] = true.into();
    event["body"] = STANDARD.encode(body).into();
    event
}

#[tokio::test]
async fn a_request_and_its_answer_pass_each_form_of_event_unchanged() {
    let caller = Caller::new(pilaster::handler(mirror));
    let of_paths: Vec<char> = "abcXYZ019-._~/".chars().collect();
    let of_values: Vec<char> = ('!'..='~').chain(['é', '🦀', ' ']).collect();
    let types =
        ["application/json", "text/plain; charset=utf-8", "image/png", "application/octet-stream", "application/xml"];
    for seed in 0..600 {
        let mut random = Random::seeded(seed);
        let method = *random.pick(&["GET", "POST", "PUT", "PATCH", "DELETE"]);
        let path = format!("/a{}", text(&mut random, &of_paths, 30).replace("//", "/"));
        let status = 200 + random.below(300);
        let mut headers = vec![
            ("host".to_owned(), "h".to_owned()),
            ("content-type".to_owned(), types[random.below(types.len())].to_owned()),
            ("x-status".to_owned(), status.to_string()),
        ];
        for at in 0..random.below(6) {
            headers.push((format!("x-{at}"), text(&mut random, &of_values, 40).trim().to_owned()));
        }
        let body: Vec<u8> = match random.below(3) {
            0 => text(&mut random, &of_values, 200).into_bytes(),
            _ => (0..random.below(200)).map(|_| u8::try_from(random.below(256)).unwrap()).collect(),
        };
        for source in SOURCES {
            let answer = caller.call(event(source, method, &path, &headers, &body)).await.unwrap();
            let answer = Answer::try_from(answer).unwrap();
            assert_eq!(usize::from(answer.status()), status, "{source}, {seed}");
            assert_eq!(answer.bytes(), &body, "{source}, {seed}");
            assert_eq!(answer.header("x-seen"), Some(&*format!("{method} {path}")), "{source}, {seed}");
            for (name, value) in &headers[1..] {
                assert_eq!(answer.header(name), Some(value.as_str()), "{source}, {seed}: {name}");
            }
        }
    }
}

#[derive(Debug, Deserialize)]
struct Told {
    fails: bool,
}

async fn message(told: Sqs<Told>) -> Result<(), BoxError> {
    if told.fails { Err("as it was told".into()) } else { Ok(()) }
}

async fn entry(told: Kafka<(), Told>) -> Result<(), BoxError> {
    match &told.value {
        Some(value) if !value.fails => Ok(()),
        _ => Err("as it was told".into()),
    }
}

#[tokio::test]
async fn the_ids_of_those_messages_come_back_that_failed_whatever_stands_in_them() {
    let caller = Caller::new(pilaster::handler(message));
    let letters: Vec<char> = ('\u{1}'..='\u{7f}').chain(['é', '🦀', '\u{2028}', '\u{ffff}']).collect();
    for seed in 0..300 {
        let mut random = Random::seeded(seed);
        let (mut records, mut expected) = (Vec::new(), BTreeSet::new());
        for at in 0..random.below(30) {
            let (id, fails) = (format!("{at}{}", text(&mut random, &letters, 20)), random.below(3) == 0);
            records.push(
                json!({ "messageId": id, "eventSource": "aws:sqs", "body": json!({ "fails": fails }).to_string() }),
            );
            if fails {
                expected.insert(id);
            }
        }
        let answer = caller.call(json!({ "Records": records })).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let ids: BTreeSet<_> = failures.iter().map(|id| id["itemIdentifier"].as_str().unwrap().to_owned()).collect();
        assert_eq!((ids, failures.len()), (expected.clone(), expected.len()), "{seed}");
    }
}

#[tokio::test]
async fn the_first_offset_that_failed_comes_back_of_each_partition() {
    let caller = Caller::new(pilaster::handler(entry));
    for seed in 0..300 {
        let mut random = Random::seeded(seed);
        let (mut partitions, mut firsts) = (Map::new(), Vec::new());
        for partition in 0..1 + random.below(4) {
            let first = random.below(1 << 40);
            let fails: Vec<_> = (0..random.below(12)).map(|_| random.below(5) == 0).collect();
            let entries = fails.iter().enumerate().map(|(at, fails)| {
                let value = STANDARD.encode(json!({ "fails": fails }).to_string());
                json!({ "topic": "t", "partition": partition, "offset": first + at, "timestamp": 1, "timestampType": "CREATE_TIME", "value": value, "headers": [] })
            });
            partitions.insert(format!("t-{partition}"), entries.collect());
            if let Some(at) = fails.iter().position(|fails| *fails) {
                firsts.push(json!({ "partition": format!("t-{partition}"), "offset": first + at }));
            }
        }
        let answer = caller.call(json!({ "eventSource": "aws:kafka", "records": partitions })).await.unwrap();
        let failures: Vec<_> =
            answer["batchItemFailures"].as_array().unwrap().iter().map(|id| id["itemIdentifier"].clone()).collect();
        for first in &firsts {
            assert!(failures.contains(first), "{seed}: {first} in {failures:?}");
        }
        let before = |place: &Value| {
            let of = firsts.iter().find(|first| first["partition"] == place["partition"]);
            of.is_none_or(|first| place["offset"].as_u64() < first["offset"].as_u64())
        };
        assert!(!failures.iter().any(before), "{seed}: {failures:?}, {firsts:?}");
    }
}
