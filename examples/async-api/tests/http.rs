//! Tests of the API over HTTP, in process, with the worker in the same process.

use async_api::jobs::Jobs;
use async_api::{api, app};
use pilaster::testing::Caller;
use pilaster::testing::http::{self, TestResponse};
use pilaster::{Clients, FunctionError, RawService};
use serde_json::{Value, json};

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn service() -> Caller<impl RawService> {
    let clients = Clients::new();
    clients.insert(Jobs::in_memory());
    Caller::new(pilaster::http::service(app()).layer(api())).with_clients(clients)
}

/// Creates a job and polls until it is finished.
async fn done(service: &Caller<impl RawService>, text: &str) -> Result<TestResponse, FunctionError> {
    let accepted = service.send(http::post("/jobs").json(json!({ "text": text }))).await?;
    assert_eq!((accepted.status(), accepted.header("retry-after")), (202, Some("1")), "{}", accepted.text());
    let at = accepted.header("location").expect("a location").to_owned();
    for _ in 0..100 {
        let response = service.send(http::get(&at)).await?;
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
    let response = done(&service(), "to be or not to be").await?;
    let result = json!({ "words": 6, "different": 4 });
    assert_eq!(response.json::<Value>()?, json!({ "status": "done", "result": result }));
    Ok(())
}

#[tokio::test]
async fn a_failed_job_returns_its_reason() -> TestResult {
    let response = done(&service(), " ").await?;
    let reason = "the text contains no words";
    assert_eq!(response.json::<Value>()?, json!({ "status": "failed", "reason": reason }));
    Ok(())
}

#[tokio::test]
async fn a_queued_job_is_returned_with_retry_after() -> TestResult {
    let (clients, jobs) = (Clients::new(), Jobs::in_memory());
    clients.insert(jobs.clone());
    let service = Caller::new(pilaster::http::service(app()).layer(api())).with_clients(clients);
    let id = "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55";
    jobs.create(id.parse()?).await?;
    let response = service.send(http::get(format!("/jobs/{id}"))).await?;
    assert_eq!((response.status(), response.header("retry-after")), (200, Some("1")));
    assert_eq!(response.json::<Value>()?, json!({ "status": "queued" }));
    Ok(())
}

#[tokio::test]
async fn an_unknown_job_is_not_found_and_a_long_text_is_rejected() -> TestResult {
    let service = service();
    let unknown = service.send(http::get("/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")).await?;
    assert_eq!((unknown.status(), &unknown.json::<Value>()?["detail"]), (404, &json!("job not found")));
    let long = service.send(http::post("/jobs").json(json!({ "text": "a".repeat(40_001) }))).await?;
    assert_eq!(long.status(), 422, "{}", long.text());
    Ok(())
}
