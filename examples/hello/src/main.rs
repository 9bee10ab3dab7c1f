//! `cargo run -p hello`, then `curl 'http://127.0.0.1:3000/?name=Ada'`

use pilaster::{http::Query, lambda_handler};

#[derive(serde::Deserialize)]
struct Guest {
    name: String,
}

#[lambda_handler]
async fn hello(Query(guest): Query<Guest>) -> String {
    format!("Hello, {}!\n", guest.name)
}

#[cfg(test)]
mod tests;
