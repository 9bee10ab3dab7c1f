//! The JSON extractor, and serde_json on the same bytes.

use bench_parts::runtime;
use divan::{Bencher, black_box};
use pilaster::http::{Body, FromRequest, IntoResponse, Json, Request, header};
use serde::Deserialize;

#[derive(Deserialize)]
#[allow(dead_code, reason = "only read")]
struct NewUser {
    email: String,
    name: String,
    tags: Vec<String>,
}

const GOOD: &str = r#"{"email":"ada@example.com","name":"Ada Lovelace","tags":["mathematician","countess"]}"#;
const BAD: &str = r#"{"email":"ada@example.com","name":"Ada Lovelace","tags":["mathematician",7]}"#;

fn request(body: &'static str) -> Request<Body> {
    let request = Request::post("/users").header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body)).expect("a request")
}

#[divan::bench]
fn extractor(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.with_inputs(|| request(GOOD)).bench_local_values(|request| {
        runtime.block_on(async { Json::<NewUser>::from_request(request, &()).await.map(|user| user.0).ok() })
    });
}

#[divan::bench]
fn by_hand(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| serde_json::from_slice::<NewUser>(black_box(GOOD.as_bytes())).ok());
}

/// Measures a rejection: the field's path and a 422.
#[divan::bench]
fn rejection(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.with_inputs(|| request(BAD)).bench_local_values(|request| {
        runtime.block_on(async {
            Json::<NewUser>::from_request(request, &()).await.map(|_| ()).map_err(IntoResponse::into_response).err()
        })
    });
}
