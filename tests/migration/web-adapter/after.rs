use axum::Router;
use axum::routing::{get, post};
use pilaster::Invocation;
use pilaster::http::{self, HttpError, Json, RequestContext};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) fn app() -> Router {
    Router::new()
        .route("/users", post(create))
        .route("/caller", get(caller))
        .fallback(async || HttpError::not_found("no such route"))
}

async fn create(Json(new): Json<NewUser>) -> Result<Json<User>, HttpError> {
    let user = insert(new)?;
    Ok(Json(user))
}

async fn caller(context: RequestContext, invocation: Invocation) -> Json<Value> {
    let ip: Option<String> =
        context.get("http.sourceIp").or_else(|| context.get("identity.sourceIp"));
    let (request_id, tenant) = (invocation.request_id(), invocation.tenant_id());
    Json(json!({ "ip": ip, "request_id": request_id, "tenant": tenant }))
}

pub(crate) fn api() -> http::Stack {
    http::Stack::new().base_path("shop")
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(http::service(app()).layer(api()))
}

#[derive(Deserialize)]
pub(crate) struct NewUser {
    name: String,
}

#[derive(Serialize)]
pub(crate) struct User {
    id: u64,
    name: String,
}

// Stands for the table.
fn insert(new: NewUser) -> Result<User, std::io::Error> {
    match new.name.as_str() {
        "boom" => Err(std::io::Error::other("the table is gone")),
        "panic" => panic!("a bug"),
        _ => Ok(User { id: 7, name: new.name }),
    }
}

/// The queue has a function of its own.
pub(crate) mod queue {
    use pilaster::{Sqs, lambda_handler};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Order {
        id: u64,
    }

    #[lambda_handler]
    pub(crate) async fn ship(order: Sqs<Order>) -> Result<(), std::io::Error> {
        if order.id == 13 { Err(std::io::Error::other("out of stock")) } else { Ok(()) }
    }
}
