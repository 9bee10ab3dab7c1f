//! Events that are too deep, too large or repetitive, for functions of every kind.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::aggregate::{field, frame, number};
use crate::decoders::{block_on, request};
use crate::functions::{self, Function};

const LEVELS: usize = 10_000;

/// The maximum memory for an event of a few MB, in KB.
const MOST_KB: u64 = 100 * 1024;

fn deep() -> String {
    format!("{}1{}", "[".repeat(LEVELS), "]".repeat(LEVELS))
}

fn deep_objects() -> String {
    format!("{}1{}", "{\"a\":".repeat(LEVELS), "}".repeat(LEVELS))
}

#[tokio::test]
async fn deep_events_do_not_harm_a_function_of_any_kind() {
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
        for request in ["Create", "Update", "Delete"] {
            events.push(format!(
                r#"{{"RequestType":"{request}","ResourceProperties":{{"Name":"a","Replicas":{deep}}},"OldResourceProperties":{deep}}}"#
            ));
        }
        events.push(format!(r#"{{"time":"2026-01-02T03:04:05Z","detail-type":"Scheduled Event","detail":{deep}}}"#));
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
        let text = format!(r#""SequenceNumber":"{number}","Keys":{{"id":{{"N":"1"}}}},"NewImage":{{"a":{image}}}"#);
        format!(r#"{{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{{{text}}}}}"#)
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
async fn malformed_numbers_keys_and_bytes_are_rejected_by_each_kind() {
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

/// The places of a value within another, each as a JSON Pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut within = |step: &str, value: &Value| {
        let place = format!("{at}/{}", step.replace('~', "~0").replace('/', "~1"));
        found.push(place.clone());
        places(value, &place, found);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| within(name, value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, value)| within(&at.to_string(), value)),
        _ => {}
    }
}

/// Returns wrong values of a field.
fn others() -> Vec<Value> {
    let long = "é\u{0}\"".repeat(10_000);
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("9".repeat(400)),
        json!([]),
        json!({}),
        json!([[["deep"]]]),
        json!({ "a": { "b": 1 } }),
        json!({ &long[..1_000]: 1 }),
        json!(long),
    ]
}

async fn with_each_field_missing_or_of_another_type(function: &Function, event: &Value) {
    let mut found = Vec::new();
    places(event, "", &mut found);
    let others = others();
    for place in &found {
        let mut changed = event.clone();
        for other in &others {
            *changed.pointer_mut(place).unwrap() = other.clone();
            let _ = function.call(&changed.to_string()).await;
        }
        let (around, name) = place.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/").replace("~0", "~");
        match changed.pointer_mut(around).unwrap() {
            Value::Object(fields) => drop(fields.remove(&name)),
            Value::Array(list) => drop(list.remove(name.parse().unwrap())),
            _ => unreachable!("{around} has {name}"),
        }
        let _ = function.call(&changed.to_string()).await;
    }
}

#[tokio::test]
async fn a_whole_event_may_lack_any_field_or_have_another_there() {
    let functions = functions::events();
    let named = |name: &str| functions.iter().find(|function| function.name == name).unwrap();
    let order = json!({ "id": 7, "name": "Ada", "lines": [{ "sku": "a", "count": 1, "price": 0.5 }] });
    let by_rule = pilaster::testing::schedule("2026-01-02T03:04:05Z").event();
    let by_scheduler = pilaster::testing::scheduler("2026-01-02T03:04:05Z").event();
    let arn = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/GET/users/7";
    let token = json!({ "type": "TOKEN", "authorizationToken": "Bearer a", "methodArn": arn });
    let request = json!({
        "type": "REQUEST", "methodArn": arn, "httpMethod": "GET", "path": "/users/7", "headers": { "Authorization": "Bearer a" },
        "queryStringParameters": { "a": "b" }, "requestContext": { "stage": "prod", "identity": { "sourceIp": "192.0.2.1" } },
    });
    let http_api = json!({
        "version": "2.0", "type": "REQUEST", "routeArn": arn, "identitySource": ["Bearer a"], "rawPath": "/users/7",
        "headers": { "authorization": "Bearer a" }, "requestContext": { "http": { "method": "GET", "path": "/users/7" } },
    });
    let resource = |request: &str| {
        json!({
            "RequestType": request, "ResponseURL": "https://bucket.s3.amazonaws.com/key?Signature=a", "StackId": "arn", "RequestId": "r",
            "LogicalResourceId": "Database", "PhysicalResourceId": "db-7", "ResourceType": "Custom::Database",
            "ResourceProperties": { "ServiceToken": "arn", "Name": "a", "Connections": "8", "Replicas": ["true"] },
            "OldResourceProperties": { "Name": "a" },
        })
    };
    for (name, event) in [
        ("typed", order),
        ("schedule", by_rule),
        ("schedule", by_scheduler),
        ("authorizer", token),
        ("authorizer", request),
        ("authorizer", http_api),
        ("cloudformation", resource("Create")),
        ("cloudformation", resource("Update")),
        ("cloudformation", resource("Delete")),
    ] {
        let function = named(name);
        function.call(&event.to_string()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        with_each_field_missing_or_of_another_type(function, &event).await;
    }
}

/// A response to CloudFormation has at most 4,096 bytes for any event.
#[tokio::test]
async fn a_response_to_cloudformation_is_short_with_any_properties() {
    let functions = functions::events();
    let function = functions.iter().find(|function| function.name == "cloudformation").unwrap();
    let long = "\u{1}é".repeat(100_000);
    for properties in [
        json!({ "Name": long }),
        json!({ "Name": 1, &long: 1 }),
        json!({ "Name": "a", "Connections": long }),
        json!({ "Name": "a", "Replicas": vec![long.as_str(); 2] }),
        json!({ "Name": "a", "Replicas": vec!["true"; 100_000] }),
    ] {
        for request in ["Create", "Update", "Delete"] {
            let event = json!({
                "RequestType": request, "ResponseURL": "https://bucket.s3.amazonaws.com/key",
                "ResourceProperties": properties, "OldResourceProperties": properties,
            });
            let answer = function.call(&event.to_string()).await.unwrap();
            assert!(answer.to_string().len() <= 4096, "{answer}");
        }
    }
}

/// Returns events of 4 MB of one value, and a MB of base64 that unpacks to GB.
fn large() -> Vec<(&'static str, String)> {
    let mut headers: Map<String, Value> = (0..10_000).map(|at| (format!("h{at}"), json!("v".repeat(300)))).collect();
    headers.insert("content-type".to_owned(), json!("application/json"));
    let mut event = request("application/json", &vec![b'['; 1_000_000]);
    event["headers"] = headers.into();
    let text = "é\u{1}".repeat(1_000_000);
    let messages = (0..10_000)
        .map(|at| json!({ "messageId": format!("m{at}"), "eventSource": "aws:sqs", "body": "x".repeat(300) }));
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..64 {
        bomb.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap().repeat(16);
    vec![
        ("json", event.to_string()),
        ("json", request("application/json", json!({ "id": 1, "name": text }).to_string().as_bytes()).to_string()),
        (
            "json",
            request("application/json", format!("{{\"id\":1,\"lines\":[{}1]}}", "{},".repeat(1_000_000)).as_bytes())
                .to_string(),
        ),
        ("form", request("application/x-www-form-urlencoded", "a=b&".repeat(700_000).as_bytes()).to_string()),
        (
            "multipart",
            request(
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(60_000).as_bytes(),
            )
            .to_string(),
        ),
        ("sqs", json!({ "Records": messages.collect::<Vec<_>>() }).to_string()),
        ("any", json!(vec![1; 2_000_000]).to_string()),
        ("typed", json!({ "id": 1, "name": text }).to_string()),
        ("cloudformation", json!({ "RequestType": "Create", "ResourceProperties": { "Name": text } }).to_string()),
        ("logs", json!({ "awslogs": { "data": STANDARD.encode(bomb) } }).to_string()),
        ("logs", repetitive_logs()),
        ("logs", tiny_logs()),
        ("kinesis_bytes", aggregated(&field(1, b"k"), &field(3, &[number(1, 0), field(3, b"")].concat()))),
        ("kinesis_bytes", aggregated(&field(1, &[b'k'; 100_000]), &field(3, &[number(1, 0), field(3, b"x")].concat()))),
        ("kinesis_bytes", aggregated(&field(1, b"k"), &field(3, &[number(1, 0), field(3, &[b'x'; 64])].concat()))),
        ("kinesis_bytes", aggregated(&field(1, b""), &field(1, b""))),
        ("kinesis_bytes", aggregated(&field(1, b"k"), &field(3, b""))),
        ("s3", notifications("0,")),
        ("s3", notifications("{},")),
    ]
}

/// A record of Kinesis whose key is its own, so that all run side by side.
fn of_kinesis(at: usize, data: &[u8]) -> Value {
    json!({
        "eventSource": "aws:kinesis",
        "kinesis": { "sequenceNumber": format!("{at}"), "partitionKey": format!("{at}"), "data": STANDARD.encode(data) },
    })
}

fn batch_of_logs(line: &str, lines: usize) -> Vec<u8> {
    let event = format!(r#"{{"id":"","timestamp":0,"message":"{line}"}}"#);
    let text = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{}{event}]}}"#,
        format!("{event},").repeat(lines),
    );
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// 60 batches of logs through Kinesis, of some 15 KB each, which unpack to 14 MB each.
fn repetitive_logs() -> String {
    let packed = batch_of_logs(&"a".repeat(10_000), 1_400);
    assert!((10_000..80_000).contains(&packed.len()), "{}", packed.len());
    json!({ "Records": (0..60).map(|at| of_kinesis(at, &packed)).collect::<Vec<_>>() }).to_string()
}

/// The same with as many events as are taken, all of them empty.
fn tiny_logs() -> String {
    let packed = batch_of_logs("", 45_000);
    json!({ "Records": (0..6).map(|at| of_kinesis(at, &packed)).collect::<Vec<_>>() }).to_string()
}

/// Records of Kinesis, a MB each, of a beginning and as many times the rest.
fn aggregated(begin: &[u8], rest: &[u8]) -> String {
    let message = [begin, &rest.repeat(1_000_000 / rest.len())].concat();
    json!({ "Records": (0..4).map(|at| of_kinesis(at, &frame(&message))).collect::<Vec<_>>() }).to_string()
}

/// Messages of a queue, each a notification of S3 with as many records.
fn notifications(record: &str) -> String {
    let body = format!(r#"{{"Records":[{}{{}}]}}"#, record.repeat(250_000 / record.len()));
    let message = |at: usize| json!({ "messageId": format!("m{at}"), "eventSource": "aws:sqs", "body": body });
    json!({ "Records": (0..16).map(message).collect::<Vec<_>>() }).to_string()
}

/// Calls the function that the environment names with the event from standard input, in a process where nothing else takes memory.
#[test]
#[ignore = "the test below runs it"]
fn most_memory_of_one_event() {
    let status = |field: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let mut event = String::with_capacity(16 << 20);
    std::io::stdin().read_to_string(&mut event).unwrap();
    let function = functions::named(&std::env::var("PILASTER_FUNCTION").unwrap());
    // From here on the peak is the peak of the call.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS:");
    let _ = block_on(function.call(&event));
    println!("it took {} kB", status("VmHWM:").saturating_sub(before));
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_bounded_by_the_size_of_the_event() {
    for (name, event) in large() {
        let mut own = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hostile::every_kind::most_memory_of_one_event", "--ignored", "--nocapture"])
            .env("PILASTER_FUNCTION", name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        own.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
        let output = own.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name}: {text}");
        let took = text.split_once("it took ").and_then(|(_, rest)| rest.split_once(" kB")).unwrap().0;
        println!("{name}: {} kB of event took {took} kB", event.len() / 1024);
        assert!(took.parse::<u64>().unwrap() < MOST_KB, "{name}: {took} kB");
    }
}
