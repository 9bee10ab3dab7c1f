use std::time::Duration;

use serde_json::{Value, json};

use super::{call, call_with, fixture};
use crate::core::error::BoxError;
use crate::function::handler::handler;
use crate::records::{RecordError, S3BatchTask};

fn job(keys: &[&str]) -> Value {
    let task = |(at, key): (usize, &&str)| json!({ "taskId": format!("t{at}"), "s3Key": key, "s3Bucket": "photos" });
    json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i1", "job": { "id": "j1", "userArguments": { "to": "small" } },
        "tasks": keys.iter().enumerate().map(task).collect::<Vec<_>>(),
    })
}

fn answer(results: &[(&str, &str)]) -> Value {
    let result = |(at, (code, text)): (usize, &(&str, &str))| json!({ "taskId": format!("t{at}"), "resultCode": code, "resultString": text });
    json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i1", "treatMissingKeysAs": "PermanentFailure",
        "results": results.iter().enumerate().map(result).collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn the_fields_of_real_tasks_are_there_in_both_schemas() {
    async fn first(task: S3BatchTask) {
        assert_eq!((task.bucket(), task.key()), ("powertools-dataset", "prefix/dataset/dataset.20231222.json.gz"));
        assert_eq!((task.bucket_arn(), task.version_id()), (Some("arn:aws:s3:::powertools-dataset"), Some("1")));
        assert_eq!((task.schema_version().as_deref(), task.user_argument("k1")), (Some("1.0"), None));
        assert_eq!(task.job_id().as_deref(), Some("f3cc4f60-61f6-4a2b-8a21-d07600c373ce"));
    }
    async fn second(task: S3BatchTask) -> String {
        assert_eq!((task.bucket(), task.bucket_arn(), task.version_id()), ("powertools-dataset", None, None));
        assert_eq!((task.schema_version().as_deref(), task.user_argument("k2").as_deref()), (Some("2.0"), Some("v2")));
        assert_eq!(task.invocation_id().as_deref(), Some("YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo"));
        task.id()
    }
    let answer = call(first, fixture("python/s3BatchOperationEventSchemaV1.json")).await.unwrap();
    let result =
        |text: &str| json!([{ "taskId": "dGFza2lkZ29lc2hlcmUK", "resultCode": "Succeeded", "resultString": text }]);
    assert_eq!(answer["results"], result(""));
    let answer = call(second, fixture("python/s3BatchOperationEventSchemaV2.json")).await.unwrap();
    assert_eq!(
        (&answer["invocationSchemaVersion"], &answer["results"]),
        (&json!("2.0"), &result("dGFza2lkZ29lc2hlcmUK"))
    );
}

#[tokio::test]
async fn each_task_has_its_result() {
    async fn shrink(task: S3BatchTask) -> Result<String, BoxError> {
        match task.key() {
            "a b+c.jpg" => Ok(format!("{}/{}", task.user_argument("to").unwrap(), task.key())),
            "busy" => Err("try again".into()),
            "no image" => Err(RecordError::discard("not an image").into()),
            "long" => Err("é".repeat(1000).into()),
            _ => panic!("odd"),
        }
    }
    let event = job(&["a+b%2Bc.jpg", "busy", "no+image", "odd", "%ff", "long"]);
    let long = "é".repeat(512);
    let expected = [
        ("Succeeded", "small/a b+c.jpg"),
        ("TemporaryFailure", "try again"),
        ("PermanentFailure", "not an image"),
        ("TemporaryFailure", "the function panicked"),
        ("TemporaryFailure", "the object key could not be decoded"),
        ("TemporaryFailure", long.as_str()),
    ];
    assert_eq!(call(shrink, event).await.unwrap(), answer(&expected));
    assert_eq!(call(shrink, job(&[])).await.unwrap(), answer(&[]));
    // A task that cannot be named in a response fails the invocation.
    let mut event = job(&["busy"]);
    event["tasks"][0]["taskId"] = Value::Null;
    assert_eq!(call(shrink, event).await.unwrap_err().error_type(), "RecordWithoutId");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_finished_in_time_is_run_again() {
    async fn hang(task: S3BatchTask) -> Result<(), BoxError> {
        match task.key() {
            "quick" => Ok(()),
            _ => std::future::pending().await,
        }
    }
    let answered = call_with(handler(hang).concurrency(2), job(&["quick", "slow"]), Some(Duration::from_secs(5))).await;
    let late = "not finished before the deadline";
    assert_eq!(answered.unwrap(), answer(&[("Succeeded", ""), ("TemporaryFailure", late)]));
}
