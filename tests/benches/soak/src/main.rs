//! The function of the soak test: the default HTTP stack around one that responds, fails, panics and waits on request.

use std::time::Duration;

use pilaster::http::{self, CorsLayer, HttpError, Json, Method, StatusCode, header};
use pilaster::{Invocation, lambda_handler};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Answer,
    Fail,
    Panic,
    Wait,
    Fill,
    Linger,
}

#[derive(Deserialize)]
struct Ask {
    what: What,
    number: u64,
}

#[derive(Serialize)]
struct Answer {
    number: u64,
    request_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    filling: String,
}

#[lambda_handler(layer = api())]
async fn soak(invocation: Invocation, Json(ask): Json<Ask>) -> Result<(StatusCode, Json<Answer>), HttpError> {
    let number = ask.number;
    let mut filling = String::new();
    match ask.what {
        What::Answer => {}
        What::Fail => return Err(std::io::Error::other("db password is hunter2").into()),
        What::Panic => panic!("number {number} is hunter2"),
        What::Wait => tokio::time::sleep(Duration::from_millis(1 + number % 3)).await,
        // Longer than failing polls take to give up.
        What::Linger => tokio::time::sleep(Duration::from_secs(8)).await,
        What::Fill => filling = "x".repeat(100_000),
    }
    tracing::info!(number, "answered");
    Ok((StatusCode::CREATED, Json(Answer { number, request_id: invocation.request_id().to_owned(), filling })))
}

fn api() -> http::Stack {
    let cors = CorsLayer::new()
        .allow_origins(["https://app.example.com"])
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    http::Stack::new().cors(cors)
}
