//! Notes over HTTP. `cargo run --no-default-features` serves them on 127.0.0.1:3000, in memory, without an API key.

#[cfg(feature = "aws")]
mod api_key;
mod notes;
#[cfg(test)]
mod tests;

use axum::{Router, routing::get};
use pilaster::http::{self, CorsLayer, Method, SecurityHeadersLayer};
use pilaster::idempotency::{Idempotency, IdempotencyLayer};
use pilaster::{Client, IntoService, StartError};

/// The pages that may read notes. Replace it by yours.
const ORIGINS: [&str; 1] = ["https://www.example.com"];

fn main() -> Result<(), StartError> {
    pilaster::run(service())
}

fn service() -> impl IntoService {
    let router = Router::new()
        .route("/notes", get(notes::list).post(notes::create))
        .route("/notes/{id}", get(notes::read).put(notes::write).delete(notes::delete));
    let service = http::service(router).layer(api()).warm::<Client<notes::Notes>>();
    #[cfg(feature = "aws")]
    let service = service.warm::<pilaster::Secret<api_key::ApiKey>>();
    service
}

fn api() -> http::Stack {
    // A `POST` must have an `Idempotency-Key`. One with the key of an earlier request gets its response.
    let requests = Idempotency::from_table_variable("IDEMPOTENCY_TABLE").prefix("notes").require_key();
    let stack = http::Stack::new()
        .security_headers(SecurityHeadersLayer::api())
        .cors(CorsLayer::new().allow_origins(ORIGINS).allow_methods([Method::GET]))
        .idempotency(IdempotencyLayer::new(requests).methods([Method::POST]));
    #[cfg(feature = "aws")]
    let stack = stack.layer(http::from_fn(api_key::require));
    stack
}
