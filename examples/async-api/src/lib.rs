//! An API that accepts jobs and returns the URL of their state.

pub mod jobs;

use axum::Router;
use axum::routing::{get, post};
use pilaster::http::{self, Accepted, Claims, HttpError, IntoResponse, Json, Path, Response, Valid, header};
use pilaster::{Client, IntoService};
use uuid::Uuid;

use crate::jobs::{Job, Jobs, Queue, State};

/// Returns the function of the API.
pub fn function() -> impl IntoService {
    let app = Router::new().route("/jobs", post(create_job)).route("/jobs/{id}", get(get_job));
    http::service(app).layer(http::Stack::new()).warm::<Client<Jobs>>().warm::<Client<Queue>>()
}

#[derive(serde::Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
struct NewJob {
    // It is stored with the job, and an item of DynamoDB has at most 400 KB.
    #[garde(length(bytes, max = 40_000))]
    text: String,
}

/// The claims of an authorizer, if the API has one.
#[derive(serde::Deserialize)]
struct User {
    sub: String,
}

/// `POST /jobs`: the same `Idempotency-Key` of the same user is the same job.
async fn create_job(
    Client(jobs): Client<Jobs>,
    Client(queue): Client<Queue>,
    user: Option<Claims<User>>,
    headers: http::HeaderMap,
    Valid(Json(NewJob { text })): Valid<Json<NewJob>>,
) -> Result<Accepted, HttpError> {
    let id = headers.get("idempotency-key").and_then(|key| key.to_str().ok()?.trim_matches('"').parse::<Uuid>().ok());
    let id = id.ok_or_else(|| HttpError::bad_request("the header Idempotency-Key must be a random UUID"))?;
    let key = key_of(user, id);
    // This message arrives when the request has ended, wherever it ends: a job that is stored is always run.
    queue.send(&key, 300).await.map_err(HttpError::internal)?;
    let job = jobs.create(&key, &text).await?;
    if job.text != text {
        return Err(HttpError::unprocessable_entity("the Idempotency-Key was used for another text"));
    }
    if job.state == State::Queued {
        queue.send(&key, 0).await.map_err(HttpError::internal)?;
    }
    Ok(Accepted::at(format!("/jobs/{id}")).retry_after(1))
}

/// `GET /jobs/{id}`: the state of a job of this user.
async fn get_job(
    Client(jobs): Client<Jobs>,
    user: Option<Claims<User>>,
    Path(id): Path<Uuid>,
) -> Result<Response, HttpError> {
    let job = jobs.0.get::<Job>(key_of(user, id)).await?.ok_or_else(|| HttpError::not_found("job not found"))?;
    let retry_after = (job.state == State::Queued).then_some([(header::RETRY_AFTER, "1")]);
    Ok((retry_after, Json(job.state)).into_response())
}

/// Returns the key of a job: no user has the key of a job of another user.
fn key_of(user: Option<Claims<User>>, id: Uuid) -> String {
    user.map_or(id.to_string(), |user| format!("{id}#{}", user.0.sub))
}
