use std::time::{Duration, UNIX_EPOCH};

use async_api::function;
use async_api::jobs::{Job, Jobs, Queue, State};
use pilaster::table::{Item, Table};
use pilaster::testing::Caller;
use pilaster::testing::http::{Request, TestResponse, get, post};
use pilaster::{BoxError, Clients, FunctionError, RawService};
use serde_json::{Value, json};

type TestResult = Result<(), BoxError>;

const KEY: &str = "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55";

fn jobs() -> Jobs {
    Jobs(Table::in_memory())
}

/// The API with these jobs, and a queue that runs them or that fails.
fn api(jobs: &Jobs, queue_fails: bool) -> Caller<impl RawService> {
    let clients = Clients::new();
    clients.insert(jobs.clone());
    clients.insert(match queue_fails {
        false => Queue::InProcess(jobs.clone()),
        true => {
            // A client without an HTTP client.
            let config =
                aws_sdk_sqs::Config::builder().behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest());
            let client = aws_sdk_sqs::Client::from_conf(config.build());
            Queue::Sqs { client, url: "http://127.0.0.1/queue".to_owned() }
        }
    });
    Caller::new(function()).with_clients(clients)
}

fn job(key: &str, text: &str) -> Request {
    post("/jobs").header("idempotency-key", key).json(json!({ "text": text }))
}

/// Polls until the job is finished.
async fn finished(api: &Caller<impl RawService>, location: &str) -> Result<TestResponse, FunctionError> {
    for _ in 0..100 {
        let response = api.send(get(location)).await?;
        assert_eq!(response.status(), 200);
        if response.header("retry-after").is_none() {
            return Ok(response);
        }
        tokio::task::yield_now().await;
    }
    panic!("the job is not finished")
}

#[tokio::test]
async fn a_job_is_accepted_and_its_result_is_at_the_returned_location() -> TestResult {
    let api = api(&jobs(), false);
    let results = [
        ("to be or not to be", json!({ "status": "done", "words": 6 })),
        (" \n", json!({ "status": "failed", "reason": "the text contains no words" })),
    ];
    for (at, (text, result)) in results.into_iter().enumerate() {
        let accepted = api.send(job(&format!("{at}{}", &KEY[1..]), text)).await?;
        assert_eq!((accepted.status(), accepted.header("retry-after")), (202, Some("1")), "{accepted:?}");
        let response = finished(&api, accepted.header("location").expect("a location")).await?;
        assert_eq!(response.json::<Value>()?, result);
    }
    Ok(())
}

#[tokio::test]
async fn the_same_key_is_the_same_job_and_another_text_is_rejected() -> TestResult {
    let jobs = jobs();
    let api = api(&jobs, false);
    let (first, second) = tokio::join!(api.send(job(KEY, "tea")), api.send(job(&format!("\"{KEY}\""), "tea")));
    let location = format!("/jobs/{KEY}");
    for accepted in [first?, second?, api.send(job(KEY, "tea")).await?] {
        assert_eq!((accepted.status(), accepted.header("location")), (202, Some(location.as_str())), "{accepted:?}");
    }
    let other = api.send(job(KEY, "coffee")).await?;
    assert_eq!(other.status(), 422, "{other:?}");
    assert_eq!(finished(&api, &location).await?.json::<Value>()?, json!({ "status": "done", "words": 1 }));
    let other = api.send(job(KEY, "coffee")).await?;
    assert_eq!(other.status(), 422, "{other:?}");
    Ok(())
}

#[tokio::test]
async fn a_job_that_cannot_be_sent_is_not_stored_and_the_retry_runs_it() -> TestResult {
    let jobs = jobs();
    let failed = api(&jobs, true).send(job(KEY, "tea")).await?;
    assert_eq!(failed.status(), 500, "{failed:?}");
    let unknown = api(&jobs, true).send(get(format!("/jobs/{KEY}"))).await?;
    assert_eq!(unknown.status(), 404, "no job waits for a message that was never sent");
    // A job that is stored, and whose request ended before it was sent at once.
    jobs.create(KEY, "tea").await?;
    let api = api(&jobs, false);
    assert_eq!(api.send(job(KEY, "tea")).await?.status(), 202);
    assert_eq!(
        finished(&api, &format!("/jobs/{KEY}")).await?.json::<Value>()?,
        json!({ "status": "done", "words": 1 })
    );
    Ok(())
}

#[tokio::test]
async fn a_queued_job_is_returned_with_retry_after() -> TestResult {
    let jobs = jobs();
    jobs.create(KEY, "tea").await?;
    let response = api(&jobs, true).send(get(format!("/jobs/{KEY}"))).await?;
    assert_eq!((response.status(), response.header("retry-after")), (200, Some("1")));
    assert_eq!(response.json::<Value>()?, json!({ "status": "queued" }));
    Ok(())
}

#[tokio::test]
async fn a_user_sees_only_the_own_jobs_also_with_the_key_of_another_user() -> TestResult {
    let jobs = jobs();
    let api = api(&jobs, false);
    let claims = |user: &str| json!({ "sub": user });
    let path = format!("/jobs/{KEY}");
    assert_eq!(api.send(job(KEY, "a secret").claims(claims("ada"))).await?.status(), 202);
    for request in [get(&path), get(&path).claims(claims("bob")), get(&path).claims(claims(""))] {
        assert_eq!(api.send(request).await?.status(), 404);
    }
    assert_eq!(api.send(get(&path).claims(claims("ada"))).await?.status(), 200);
    // The same key of another user is another job, and not a hint that there is one.
    assert_eq!(api.send(job(KEY, "tea").claims(claims("bob"))).await?.status(), 202);
    assert_eq!(api.send(job(KEY, "tea")).await?.status(), 202);
    Ok(())
}

#[tokio::test]
async fn a_job_that_has_expired_is_not_found_even_before_dynamodb_deletes_it() -> TestResult {
    let jobs = jobs();
    let expired = Item::new(KEY, &Job { text: "tea".to_owned(), state: State::Done { words: 1 } })?;
    jobs.0.put_item(expired.expires_at(UNIX_EPOCH + Duration::from_secs(1_800_000))).await?;
    let api = api(&jobs, false);
    assert_eq!(api.send(get(format!("/jobs/{KEY}"))).await?.status(), 404);
    assert_eq!(api.send(job(KEY, "coffee")).await?.status(), 202, "its key is free again");
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_missing_or_no_uuid_and_a_text_that_is_too_long_are_rejected() -> TestResult {
    let jobs = jobs();
    let api = api(&jobs, true);
    assert_eq!(api.send(post("/jobs").json(json!({ "text": "tea" }))).await?.status(), 400);
    for key in ["", "1", "order 7", "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a5"] {
        assert_eq!(api.send(job(key, "tea")).await?.status(), 400, "{key}");
    }
    let long = api.send(job(KEY, &"a".repeat(40_001))).await?;
    assert_eq!(long.status(), 422, "{long:?}");
    let unknown = api.send(get(format!("/jobs/{KEY}"))).await?;
    assert_eq!((unknown.status(), &unknown.json::<Value>()?["detail"]), (404, &json!("job not found")));
    Ok(())
}

#[tokio::test]
async fn the_table_and_the_queue_are_there_before_the_first_request() {
    let clients = Clients::new();
    Caller::new(function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Jobs>() && clients.contains::<Queue>());
}
