use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tower::ServiceExt;

mod caller;
mod ids;
mod rollback;

use super::*;
use crate::core::invocation::Invocation;
use crate::function::handler::handler;
use crate::function::into_service::IntoService;

/// A stand-in for CloudFormation's bucket: it keeps requests and responds with these statuses; 0 aborts the connection.
async fn bucket(statuses: &'static [u16]) -> (String, Arc<Mutex<Vec<(String, Value)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/bucket/arn%3Aaws%7Ckey?Signature=a%2Bb%3D", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&received);
    tokio::spawn(async move {
        for status in statuses {
            let (mut stream, _) = listener.accept().await.unwrap();
            if *status == 0 {
                continue;
            }
            let mut text = String::new();
            let (head, body) = loop {
                let mut bytes = [0; 1024];
                let read = stream.read(&mut bytes).await.unwrap();
                text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
                if let Some((head, body)) = text.split_once("\r\n\r\n")
                    && let Ok(body) = serde_json::from_str(body)
                {
                    break (head.to_owned(), body);
                }
            };
            kept.lock().unwrap().push((head, body));
            let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, received)
}

fn event(request: &str, id: Option<&str>, url: Option<&str>) -> Value {
    let mut event = json!({
        "RequestType": request,
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/7",
        "RequestId": "r-1",
        "LogicalResourceId": "Database",
        "ResourceType": "Custom::Database",
        "ResourceProperties": { "ServiceToken": "arn", "Size": "8" },
        "OldResourceProperties": { "ServiceToken": "arn" },
    });
    if let Some(id) = id {
        event["PhysicalResourceId"] = json!(id);
    }
    event["ResponseURL"] = json!(url.unwrap_or(LOCAL));
    event
}

/// Nothing is sent there: the response is what CloudFormation would get.
const LOCAL: &str = "https://local.invalid/";

async fn call_with(function: impl IntoService, event: Value, seconds: u64) -> Result<Value, FunctionError> {
    let left = std::time::Duration::from_secs(seconds);
    let invocation = Invocation::with_time_left(lambda_runtime::Context::default(), Some(left));
    let event = crate::RawEvent::parse(event.to_string()).unwrap();
    let response = function.into_service().unwrap().oneshot(Incoming { event, invocation }).await?;
    Ok(serde_json::from_str(response.as_json().unwrap().get()).unwrap())
}

async fn call(function: impl IntoService, event: Value) -> Result<Value, FunctionError> {
    call_with(function, event, 60).await
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Database {
    size: u32,
}

async fn database(event: CloudFormation<Database>) -> Result<CustomResource, BoxError> {
    assert_eq!(
        (&*event.logical_id, &*event.resource_type, &*event.request_id),
        ("Database", "Custom::Database", "r-1")
    );
    match event.request {
        ResourceRequest::Create { properties } => {
            assert_eq!(properties.size, 8);
            Ok(CustomResource::with_id("db-1").data("Url", "postgres://db").no_echo())
        }
        ResourceRequest::Update { id, properties, old } => {
            assert_eq!((&*id, properties.size, old), ("db-1", 8, None));
            Ok(CustomResource::new())
        }
        ResourceRequest::Delete { id, properties } => {
            assert_eq!((&*id, properties), ("db-1", Some(Database { size: 8 })));
            Ok(CustomResource::with_id("another"))
        }
    }
}

async fn fails(_: CloudFormation<Value>) -> Result<(), std::io::Error> {
    Err(std::io::Error::other("the disk is full"))
}

async fn says_nothing(_: CloudFormation<Value>) -> Result<(), BoxError> {
    Ok(())
}

#[tokio::test]
async fn the_answer_is_put_to_the_presigned_url() {
    let (url, received) = bucket(&[200]).await;
    assert_eq!(call(handler(database), event("Create", None, Some(&url))).await.unwrap(), Value::Null);
    let received = received.lock().unwrap();
    let (head, body) = &received[0];
    assert!(head.starts_with("PUT /bucket/arn%3Aaws%7Ckey?Signature=a%2Bb%3D HTTP/1.1\r\n"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains("content-length: ") && !head.contains("content-type"), "{head}");
    let expected = json!({
        "Status": "SUCCESS", "PhysicalResourceId": "db-1", "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/7",
        "RequestId": "r-1", "LogicalResourceId": "Database", "NoEcho": true, "Data": { "Url": "postgres://db" },
    });
    assert_eq!(body, &expected);
}

#[tokio::test]
async fn an_array_is_rejected_and_a_member_that_is_null_is_missing() {
    let array = json!(["Create", "Database", null, "Custom::Database", "arn", "r-1", { "Size": "8" }, null]);
    let error = call(handler(says_nothing), array).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidEvent");
    let array = json!(["Create", null, null, "arn", "r-1", "Database"]);
    assert_eq!(call(handler(says_nothing), array).await.unwrap_err().error_type(), "InvalidEvent");
    let mut event = event("Create", None, None);
    event["ResourceType"] = Value::Null;
    event["StackId"] = Value::Null;
    assert_eq!(call(handler(says_nothing), event).await.unwrap()["Status"], "SUCCESS");
}

#[tokio::test]
async fn it_is_told_again_until_it_is_taken() {
    let (url, received) = bucket(&[0, 503, 200]).await;
    assert_eq!(call(handler(fails), event("Create", None, Some(&url))).await.unwrap(), Value::Null);
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].1, received[1].1);
    assert_eq!((&received[1].1["Status"], &received[1].1["Reason"]), (&json!("FAILED"), &json!("the disk is full")));
}

#[tokio::test]
async fn an_answer_that_is_refused_fails_the_invocation_without_the_url() {
    let (url, received) = bucket(&[403]).await;
    let error = call(handler(database), event("Create", None, Some(&url))).await.unwrap_err();
    assert_eq!(error.error_type(), "CloudFormationResponseFailed");
    assert!(error.message().ends_with("S3 responded with 403"), "{error}");
    assert!(!format!("{error:?}").contains("Signature"), "{error:?}");
    assert_eq!(received.lock().unwrap().len(), 1);
    let long = format!("https://bucket/{}", "a".repeat(1_000_000));
    for url in [
        "ftp://bucket/key",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://bucket/a b",
        "https://bucket/\r\nx-a: b",
        &long,
    ] {
        let error = call(handler(database), event("Create", None, Some(url))).await.unwrap_err();
        assert!(error.message().ends_with("must be an `https` URL"), "{error}");
    }
}

#[tokio::test]
async fn what_a_failure_carries_may_panic_when_it_is_dropped() {
    async fn panics(_: CloudFormation<Value>) -> Result<(), BoxError> {
        std::panic::panic_any(Bomb)
    }
    async fn fails(_: CloudFormation<Value>) -> Result<(), Bomb> {
        Err(Bomb)
    }
    let reason = |answered: Result<Value, FunctionError>| answered.unwrap()["Reason"].clone();
    assert_eq!(reason(call(handler(panics), event("Create", None, None)).await), "the function panicked");
    assert_eq!(reason(call(handler(fails), event("Create", None, None)).await), "disk full");
}

/// An error and what a panic carries, which panics when it is dropped.
#[derive(Debug)]
struct Bomb;

impl std::fmt::Display for Bomb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("disk full")
    }
}

impl std::error::Error for Bomb {}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_a_time_out_and_what_cannot_be_read_are_told() {
    async fn panics(_: CloudFormation<Value>) -> Result<(), BoxError> {
        panic!("secret")
    }
    async fn hangs(_: CloudFormation<Value>) -> Result<(), BoxError> {
        std::future::pending().await
    }
    async fn answers_otherwise(_: CloudFormation<Value>) -> Result<Vec<u8>, BoxError> {
        Ok(vec![1])
    }
    let reason = async |answered: Result<Value, FunctionError>| {
        let answered = answered.unwrap();
        assert_eq!(answered["Status"], "FAILED", "{answered}");
        answered["Reason"].as_str().unwrap().to_owned()
    };
    let create = || event("Create", None, None);
    assert_eq!(reason(call(handler(panics), create()).await).await, "the function panicked");
    let start = tokio::time::Instant::now();
    let hung = reason(call_with(handler(hangs), create(), 60).await).await;
    assert!(hung.starts_with("the function was cancelled, since it did not finish within"), "{hung}");
    assert!(start.elapsed() < std::time::Duration::from_secs(56), "{:?}", start.elapsed());
    let start = tokio::time::Instant::now();
    reason(call_with(handler(hangs), create(), 3).await).await;
    assert!(start.elapsed() < std::time::Duration::from_secs(3), "{:?}", start.elapsed());
    let otherwise = reason(call(handler(answers_otherwise), create()).await).await;
    assert!(otherwise.contains("`CustomResource`"), "{otherwise}");
    let mut wrong = create();
    wrong["ResourceProperties"]["Size"] = json!("hunter2");
    let wrong = reason(call(handler(database), wrong).await).await;
    assert_eq!(wrong, "the properties of the resource could not be decoded: /Size: found a string, expected u32");
    let unknown = reason(call(handler(database), event("Created", None, None)).await).await;
    assert!(unknown.contains("`Create`, `Update` or `Delete`, not \"Created\""), "{unknown}");
}

#[tokio::test]
async fn what_an_older_function_accepted_can_still_be_deleted() {
    let mut delete = event("Delete", Some("db-1"), None);
    delete["ResourceProperties"] = json!({ "Breadth": "1" });
    async fn gone(event: CloudFormation<Database>) -> Result<(), BoxError> {
        assert_eq!(event.request, ResourceRequest::Delete { id: "db-1".to_owned(), properties: None });
        Ok(())
    }
    assert_eq!(call(handler(gone), delete).await.unwrap()["Status"], "SUCCESS");
}

#[tokio::test]
async fn an_answer_is_never_larger_than_cloudformation_takes() {
    async fn talks(_: CloudFormation<Value>) -> Result<(), BoxError> {
        Err("\u{1}é".repeat(50_000).into())
    }
    async fn makes_much(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Ok(CustomResource::with_id("db-1").data("Text", "x".repeat(5000)))
    }
    async fn long_id(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Ok(CustomResource::with_id("x".repeat(1025)))
    }
    async fn mute(_: CloudFormation<Value>) -> Result<(), BoxError> {
        Err("".into())
    }
    let create = || event("Create", None, None);
    let talked = call(handler(talks), create()).await.unwrap();
    assert!(talked.to_string().len() <= 4096, "{}", talked.to_string().len());
    assert!(talked["Reason"].as_str().unwrap().ends_with("… (the rest is in the log)"), "{talked}");
    let much = call(handler(makes_much), create()).await.unwrap();
    assert_eq!((&much["Status"], &much["PhysicalResourceId"]), (&json!("FAILED"), &json!("db-1")));
    assert!(much["Reason"].as_str().unwrap().contains("CloudFormation accepts 4096"), "{much}");
    let long = call(handler(long_id), create()).await.unwrap();
    assert!(long["Reason"].as_str().unwrap().contains("CloudFormation accepts 1 to 1024"), "{long}");
    // It was made, so it is deleted: by the id that the function can work out of the request.
    assert_eq!(long["PhysicalResourceId"], "Database-r-1");
    assert_ne!(call(handler(mute), create()).await.unwrap()["Reason"], "");
}

#[tokio::test]
async fn what_is_no_request_fails_the_invocation() {
    let error = call(handler(database), json!({ "Records": [] })).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidEvent");
    for path in ["Create", "Update", "Delete"] {
        let path = format!(
            "{}/../tests/fixtures/events/python/cloudformationCustomResource{path}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let mut event: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        event["ResponseURL"] = json!(LOCAL);
        assert_eq!(call(handler(says_nothing), event).await.unwrap()["Status"], "SUCCESS");
    }
}
