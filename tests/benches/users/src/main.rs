//! `POST /users` as rapi-bench's specification has it, by the whole default stack: JSON in, validation, 201, CORS, one log
//! line. See `tests/benches/README.md` for the command.

use pilaster::http::{self, CorsLayer, HttpError, Json, Method, RequestContext, StatusCode, header};
use pilaster::lambda_handler;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct NewUser {
    email: String,
    name: String,
}

#[derive(Serialize)]
struct User {
    id: String,
    email: String,
    name: String,
}

#[lambda_handler(layer = api())]
async fn create(context: RequestContext, Json(new): Json<NewUser>) -> Result<(StatusCode, Json<User>), HttpError> {
    if !new.email.contains('@') || new.email.len() > 254 {
        return Err(HttpError::unprocessable("invalid email"));
    }
    if new.name.is_empty() || new.name.len() > 100 {
        return Err(HttpError::unprocessable("invalid name"));
    }
    if new.email == "boom@example.com" {
        return Err(HttpError::internal("db password is hunter2"));
    }
    let id = context.get("requestId").unwrap_or_default();
    tracing::info!(status = 201, "POST /users");
    Ok((StatusCode::CREATED, Json(User { id, email: new.email, name: new.name })))
}

fn api() -> http::Stack {
    let cors = CorsLayer::new()
        .allow_origins(["https://app.example.com"])
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    http::Stack::new().cors(cors)
}
