//! The routes to create a job and to get its state.

use axum::Router;
use axum::routing::{get, post};
use pilaster::Client;
use pilaster::http::{self, Accepted, ErrorLayer, HttpError, IntoResponse, Json, Path, Response, Valid, header};
use uuid::Uuid;

use crate::job::{Job, NewJob};
use crate::jobs::{JobNotFound, Jobs};
use crate::queue::Queue;

/// The polling interval for clients, in seconds.
const POLL_INTERVAL: u32 = 1;

/// Returns the router.
pub fn app() -> Router {
    Router::new()
        .route("/jobs", post(create_job))
        .route("/jobs/{id}", get(get_job))
        .fallback(async || HttpError::not_found("not found"))
        .method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"))
}

/// Returns the layers around the routes.
pub fn api() -> http::Stack {
    http::Stack::new().errors(ErrorLayer::new().on::<JobNotFound>(404))
}

/// `POST /jobs`: returns 202 with the location of the state.
async fn create_job(
    Client(jobs): Client<Jobs>,
    Client(queue): Client<Queue>,
    Valid(Json(new)): Valid<Json<NewJob>>,
) -> Result<Accepted, HttpError> {
    let id = Uuid::new_v4();
    // The state first: a worker may receive the message before this function returns.
    jobs.create(id).await?;
    queue.send(Job { id, text: new.text }).await?;
    Ok(Accepted::at(format!("/jobs/{id}")).retry_after(POLL_INTERVAL))
}

/// `GET /jobs/{id}`: returns the state, which includes the result of a finished job.
async fn get_job(Client(jobs): Client<Jobs>, Path(id): Path<Uuid>) -> Result<Response, HttpError> {
    let state = jobs.get(id).await?;
    Ok(match state.is_finished() {
        true => Json(state).into_response(),
        false => ([(header::RETRY_AFTER, POLL_INTERVAL)], Json(state)).into_response(),
    })
}
