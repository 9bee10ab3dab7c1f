//! The routes: a job is taken on, and its state told.

use axum::Router;
use axum::routing::{get, post};
use pilaster::Client;
use pilaster::http::{self, Accepted, ErrorLayer, HttpError, IntoResponse, Json, Path, Response, Valid, header};
use uuid::Uuid;

use crate::job::{Job, NewJob};
use crate::jobs::{Jobs, UnknownJob};
use crate::queue::Queue;

/// When to ask next, in seconds.
const ASK_IN: u32 = 1;

/// Both routes.
pub fn app() -> Router {
    Router::new()
        .route("/jobs", post(create_job))
        .route("/jobs/{id}", get(get_job))
        .fallback(async || HttpError::not_found("not found; jobs are under /jobs"))
        .method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"))
}

/// What goes around them.
pub fn api() -> http::Stack {
    http::Stack::new().errors(ErrorLayer::new().on::<UnknownJob>(404))
}

/// `POST /jobs`: 202, and where to ask for the state.
async fn create_job(
    Client(jobs): Client<Jobs>,
    Client(queue): Client<Queue>,
    Valid(Json(new)): Valid<Json<NewJob>>,
) -> Result<Accepted, HttpError> {
    let id = Uuid::new_v4();
    // The state first: a worker may be quicker than this function.
    jobs.create(id).await?;
    queue.send(Job { id, text: new.text }).await?;
    Ok(Accepted::at(format!("/jobs/{id}")).retry_after(ASK_IN))
}

/// `GET /jobs/{id}`: the state, and the result within it once there is one.
async fn get_job(Client(jobs): Client<Jobs>, Path(id): Path<Uuid>) -> Result<Response, HttpError> {
    let state = jobs.get(id).await?;
    Ok(match state.is_over() {
        true => Json(state).into_response(),
        false => ([(header::RETRY_AFTER, ASK_IN)], Json(state)).into_response(),
    })
}
