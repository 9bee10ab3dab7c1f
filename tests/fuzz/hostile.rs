//! What is too deep, too large, too many or twice, for functions of every kind.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::functions;
use super::request;

const LEVELS: usize = 10_000;

fn deep() -> String {
    format!("{}1{}", "[".repeat(LEVELS), "]".repeat(LEVELS))
}

fn deep_objects() -> String {
    format!("{}1{}", "{\"a\":".repeat(LEVELS), "}".repeat(LEVELS))
}

#[tokio::test]
async fn depth_is_no_danger_to_a_function_of_any_kind() {
    let mut events = vec![deep(), deep_objects()];
    for deep in [deep(), deep_objects()] {
        for record in [
            format!(r#"{{"messageId":"m","eventSource":"aws:sqs","body":{deep}}}"#),
            format!(r#"{{"messageId":"m","eventSource":"aws:sqs","body":{}}}"#, json!(deep)),
            format!(
                r#"{{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{{"SequenceNumber":"1","NewImage":{deep}}}}}"#
            ),
            format!(
                r#"{{"eventSource":"aws:kinesis","kinesis":{{"sequenceNumber":"1","data":"{}"}}}}"#,
                STANDARD.encode(&deep)
            ),
            format!(r#"{{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{deep}}}"#),
            format!(r#"{{"EventSource":"aws:sns","Sns":{{"MessageId":"m","Message":{}}}}}"#, json!(deep)),
        ] {
            events.push(format!(r#"{{"Records":[{record}]}}"#));
        }
        events.push(format!(r#"{{"id":1,"lines":{deep}}}"#));
        events.push(format!(r#"{{"id":"1","detail-type":"a","source":"a","detail":{deep}}}"#));
        events.push(format!(
            r#"{{"httpMethod":"POST","path":"/","requestContext":{{"authorizer":{deep}}},"pathParameters":{deep}}}"#
        ));
        events.push(request("application/json", deep.as_bytes()).to_string());
        events.push(format!(r#"{{"type":"REQUEST","methodArn":"arn:aws:execute-api:a:1:b/c/GET/","headers":{deep}}}"#));
    }
    for function in functions::all() {
        for event in &events {
            let _ = function.call(event).await;
        }
    }
}

/// Dynamic images of DynamoDB nest by their own form.
#[tokio::test]
async fn a_deep_image_fails_alone() {
    let image = format!("{}{{\"N\":\"1\"}}{}", "{\"M\":{\"a\":".repeat(LEVELS), "}}".repeat(LEVELS));
    let record = |number: u32, image: &str| {
        let told = format!(r#""SequenceNumber":"{number}","Keys":{{"id":{{"N":"1"}}}},"NewImage":{{"a":{image}}}"#);
        format!(r#"{{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{{{told}}}}}"#)
    };
    let event = format!(r#"{{"Records":[{},{}]}}"#, record(1, r#"{"N":"1"}"#), record(2, &image));
    let functions = functions::records();
    let change = functions.iter().find(|function| function.name == "change_map").unwrap();
    assert_eq!(change.call(&event).await.unwrap(), json!({ "batchItemFailures": [{ "itemIdentifier": "2" }] }));
}

#[tokio::test]
async fn six_megabytes_and_ten_thousand_headers_are_answered() {
    let mut headers: Map<String, Value> = (0..10_000).map(|at| (format!("h{at}"), json!("v"))).collect();
    headers.insert("content-type".to_owned(), json!("application/json"));
    let mut event = request("application/json", &vec![b'x'; 4_000_000]);
    event["headers"] = headers.into();
    let mut plain = request("text/plain", b"");
    plain["isBase64Encoded"] = false.into();
    plain["body"] = "é".repeat(3_000_000).into();
    let mut strings = request("application/json", b"");
    strings["isBase64Encoded"] = false.into();
    strings["body"] = json!({ "id": 1, "name": "\u{0}".repeat(700_000) }).to_string().into();
    for function in functions::http() {
        for event in [&event, &plain, &strings] {
            // Sent back as base64, the second would be more than Lambda takes.
            if function.name != "bytes" || !std::ptr::eq(event, &plain) {
                function.call(&event.to_string()).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn each_of_ten_thousand_records_that_failed_is_named_once() {
    let message = |at: usize| json!({ "messageId": format!("m{at}"), "eventSource": "aws:sqs", "body": if at.is_multiple_of(2) { "{\"id\":1}" } else { "{" } });
    let event = json!({ "Records": (0..10_000).map(message).collect::<Vec<_>>() }).to_string();
    let functions = functions::records();
    let sqs = functions.iter().find(|function| function.name == "sqs").unwrap();
    let answer = sqs.call(&event).await.unwrap();
    let mut ids: Vec<_> =
        answer["batchItemFailures"].as_array().unwrap().iter().map(|id| id["itemIdentifier"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), answer["batchItemFailures"].as_array().unwrap().len()), (5_000, 5_000));
}

#[tokio::test]
async fn a_batch_of_logs_that_unpacks_to_gigabytes_fails() {
    let functions = functions::records();
    let logs = functions.iter().find(|function| function.name == "logs").unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(br#"{"messageType":"DATA_MESSAGE","owner":""#).unwrap();
    for _ in 0..64 {
        packed.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    let bomb = packed.finish().unwrap();
    // Members one after the other are one text.
    let many = [bomb.as_slice(); 16].concat();
    for packed in [bomb, many] {
        let event = json!({ "awslogs": { "data": STANDARD.encode(packed) } });
        logs.call(&event.to_string()).await.unwrap_err();
    }
}

#[tokio::test]
async fn numbers_keys_and_bytes_that_are_none_are_refused_in_the_manner_of_each_kind() {
    let huge = "9".repeat(100_000);
    let bodies = [
        format!("{{\"id\":{huge}}}"),
        format!("{{\"id\":-{huge}.{huge}e{huge}}}"),
        "{\"id\":1e400}".to_owned(),
        "{\"id\":1,\"id\":2}".to_owned(),
        format!("{{{}\"id\":1}}", "\"a\":1,".repeat(50_000)),
    ];
    let mut events: Vec<String> = bodies.to_vec();
    for body in &bodies {
        events.push(request("application/json", body.as_bytes()).to_string());
        events.push(json!({ "Records": [{ "messageId": "m", "eventSource": "aws:sqs", "body": body }] }).to_string());
    }
    for bytes in [&b"\xff\xfe\x00"[..], b"{\"id\":1,\"name\":\"\xed\xa0\x80\"}", b"\xf0\x9f\xa6"] {
        let data = STANDARD.encode(bytes);
        events.push(request("application/json", bytes).to_string());
        events.push(request("text/plain", bytes).to_string());
        events.push(json!({ "Records": [{ "eventSource": "aws:kinesis", "kinesis": { "sequenceNumber": "1", "data": data } }] }).to_string());
        events.push(json!({ "eventSource": "aws:kafka", "records": { "t-0": [{ "topic": "t", "partition": 0, "offset": 1, "key": data, "value": data }] } }).to_string());
        events.push(json!({ "deliveryStreamArn": "a", "records": [{ "recordId": "r", "data": data }] }).to_string());
        events.push(json!({ "awslogs": { "data": data } }).to_string());
    }
    events.push(r#"{"Records":[],"Records":[]}"#.to_owned());
    events.push(
        r#"{"Records":[{"messageId":"a","messageId":"b","eventSource":"aws:sqs","body":"{}","body":"{"}]}"#.to_owned(),
    );
    for function in functions::all() {
        for event in &events {
            let _ = function.call(event).await;
        }
    }
}
