//! The example `hello` on `lambda_http` and axum, with what Pilaster has by default: CORS, a log line, JSON lines of tracing-subscriber.

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use lambda_http::Error;
use serde::Deserialize;
use tower_http::cors::CorsLayer;
use tower_http::trace::TraceLayer;

#[derive(Deserialize)]
struct Guest {
    name: String,
}

async fn hello(Query(guest): Query<Guest>) -> String {
    format!("Hello, {}!\n", guest.name)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().init();
    tracing::debug!("the function starts");
    let app = Router::new().route("/", get(hello)).layer(CorsLayer::new()).layer(TraceLayer::new_for_http());
    lambda_http::run(app).await
}
