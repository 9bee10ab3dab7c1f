use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) fn app() -> Router {
    Router::new()
        .route("/", get(async || "ready"))
        .route("/users", post(create))
        .route("/caller", get(caller))
        .route("/events", post(events))
}

async fn create(Json(new): Json<NewUser>) -> Result<Json<User>, StatusCode> {
    let user = insert(new).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(user))
}

async fn caller(headers: HeaderMap) -> Json<Value> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let json = |name| serde_json::from_str::<Value>(text(name)?).ok();
    let context = json("x-amzn-request-context").unwrap_or_default();
    let ip = context.pointer("/http/sourceIp").or(context.pointer("/identity/sourceIp"));
    let invocation = json("x-amzn-lambda-context").unwrap_or_default();
    let tenant = text("x-amz-tenant-id");
    Json(json!({ "ip": ip, "request_id": invocation["request_id"], "tenant": tenant }))
}

async fn events(Json(event): Json<Value>) -> Json<Value> {
    let failed = event["Records"].as_array().into_iter().flatten().filter(|record| {
        let order = serde_json::from_str(record["body"].as_str().unwrap_or_default());
        !order.is_ok_and(|order| ship(&order).is_ok())
    });
    let failed: Vec<_> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
    Json(json!({ "batchItemFailures": failed }))
}

// #[tokio::main]
// async fn main() -> std::io::Result<()> {
//     let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
//     axum::serve(listener, app()).await
// }

#[derive(Deserialize)]
pub(crate) struct NewUser {
    name: String,
}

#[derive(Serialize)]
pub(crate) struct User {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct Order {
    id: u64,
}

// Stands for the table.
fn insert(new: NewUser) -> Result<User, std::io::Error> {
    match new.name.as_str() {
        "boom" => Err(std::io::Error::other("the table is gone")),
        "panic" => panic!("a bug"),
        _ => Ok(User { id: 7, name: new.name }),
    }
}

fn ship(order: &Order) -> Result<(), std::io::Error> {
    if order.id == 13 { Err(std::io::Error::other("out of stock")) } else { Ok(()) }
}
