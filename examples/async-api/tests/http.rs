//! The API over HTTP, in this process, with the worker beside it.

use async_api::jobs::Jobs;
use async_api::{api, app};
use pilaster::testing::Caller;
use pilaster::testing::http::{self, Answer};
use pilaster::{Clients, FunctionError, RawService};
use serde_json::{Value, json};

type Tested = Result<(), Box<dyn std::error::Error>>;

fn service() -> Caller<impl RawService> {
    let clients = Clients::new();
    clients.insert(Jobs::in_memory());
    Caller::new(pilaster::http::service(app()).layer(api())).with_clients(clients)
}

/// Takes the job on, and asks until it is over.
async fn done(service: &Caller<impl RawService>, text: &str) -> Result<Answer, FunctionError> {
    let accepted = service.send(http::post("/jobs").json(json!({ "text": text }))).await?;
    assert_eq!((accepted.status(), accepted.header("retry-after")), (202, Some("1")), "{}", accepted.text());
    let at = accepted.header("location").expect("an address").to_owned();
    for _ in 0..100 {
        let answer = service.send(http::get(&at)).await?;
        assert_eq!(answer.status(), 200);
        if answer.header("retry-after").is_none() {
            return Ok(answer);
        }
        tokio::task::yield_now().await;
    }
    panic!("the job is not over")
}

#[tokio::test]
async fn a_job_is_taken_on_and_its_result_is_where_the_answer_said() -> Tested {
    let answer = done(&service(), "to be or not to be").await?;
    let result = json!({ "words": 6, "different": 4 });
    assert_eq!(answer.json::<Value>()?, json!({ "status": "done", "result": result }));
    Ok(())
}

#[tokio::test]
async fn a_job_that_cannot_succeed_says_why() -> Tested {
    let answer = done(&service(), " ").await?;
    let reason = "there are no words in the text";
    assert_eq!(answer.json::<Value>()?, json!({ "status": "failed", "reason": reason }));
    Ok(())
}

#[tokio::test]
async fn a_job_that_waits_is_told_with_when_to_ask_again() -> Tested {
    let (clients, jobs) = (Clients::new(), Jobs::in_memory());
    clients.insert(jobs.clone());
    let service = Caller::new(pilaster::http::service(app()).layer(api())).with_clients(clients);
    let id = "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55";
    jobs.create(id.parse()?).await?;
    let answer = service.send(http::get(format!("/jobs/{id}"))).await?;
    assert_eq!((answer.status(), answer.header("retry-after")), (200, Some("1")));
    assert_eq!(answer.json::<Value>()?, json!({ "status": "queued" }));
    Ok(())
}

#[tokio::test]
async fn what_nobody_asked_for_is_unknown_and_what_is_too_long_is_refused() -> Tested {
    let service = service();
    let unknown = service.send(http::get("/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")).await?;
    assert_eq!((unknown.status(), &unknown.json::<Value>()?["detail"]), (404, &json!("no job has this id")));
    let long = service.send(http::post("/jobs").json(json!({ "text": "a".repeat(40_001) }))).await?;
    assert_eq!(long.status(), 422, "{}", long.text());
    Ok(())
}
