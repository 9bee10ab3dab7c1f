//! The example `crud` on `lambda_http`, axum and AWS's clients with their default features: the same routes, validation, API key and log.
//! It is built to compare build times, and never run.

mod users;

use aws_config::BehaviorVersion;
use axum::Router;
use axum::extract::{Json, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use garde::Validate;
use lambda_http::Error;
use subtle::ConstantTimeEq as _;
use tower_http::trace::TraceLayer;
use uuid::Uuid;

use crate::users::{ListUsers, NewUser, User, UserPatch, Users};

/// A response to a request that failed.
struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(serde_json::json!({ "message": self.1 }))).into_response()
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        tracing::error!(error = %error, "the request failed");
        Self(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error".to_owned())
    }
}

fn valid<T: Validate<Context = ()>>(value: T) -> Result<T, Failure> {
    match value.validate() {
        Ok(()) => Ok(value),
        Err(report) => Err(Failure(StatusCode::UNPROCESSABLE_ENTITY, report.to_string())),
    }
}

fn not_found() -> Failure {
    Failure(StatusCode::NOT_FOUND, "not found".to_owned())
}

async fn create(State(users): State<Users>, Json(new): Json<NewUser>) -> Result<Response, Failure> {
    let user =
        users.insert(valid(new)?).await?.ok_or(Failure(StatusCode::CONFLICT, "the address is in use".to_owned()))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/users/{}", user.id))], Json(user)).into_response())
}

async fn list(State(users): State<Users>, Query(list): Query<ListUsers>) -> Result<Json<Vec<User>>, Failure> {
    Ok(Json(users.list(valid(list)?).await?))
}

async fn read(State(users): State<Users>, Path(id): Path<Uuid>) -> Result<Json<User>, Failure> {
    users.get(id).await?.map(Json).ok_or_else(not_found)
}

async fn update(
    State(users): State<Users>,
    Path(id): Path<Uuid>,
    Json(patch): Json<UserPatch>,
) -> Result<Json<User>, Failure> {
    users.update(id, valid(patch)?).await?.map(Json).ok_or_else(not_found)
}

async fn delete(State(users): State<Users>, Path(id): Path<Uuid>) -> Result<StatusCode, Failure> {
    users.remove(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn require_key(State(users): State<Users>, request: Request, next: Next) -> Result<Response, Failure> {
    let sent = request.headers().get("x-api-key").map(|key| key.as_bytes().to_owned()).unwrap_or_default();
    if users.key().await?.as_bytes().ct_eq(&sent).into() {
        return Ok(next.run(request).await);
    }
    Err(Failure(StatusCode::UNAUTHORIZED, "a valid API key is required".to_owned()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().init();
    let users = Users::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    let app = Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(read).patch(update).delete(delete))
        .layer(from_fn_with_state(users.clone(), require_key))
        .layer(TraceLayer::new_for_http())
        .with_state(users);
    lambda_http::run(app).await
}
