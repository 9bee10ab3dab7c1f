//! A response that is streamed in chunks of 64 KB. `tests/benches/run large` compares it with `bare-stream`.

use std::convert::Infallible;

use pilaster::StartError;
use pilaster::http::{Body, Bytes, IntoResponse, Query, header};
use serde::Deserialize;

static CHUNK: [u8; 64 << 10] = [0xa5; 64 << 10];

#[derive(Deserialize)]
struct Length {
    chunks: usize,
}

async fn answer(Query(Length { chunks }): Query<Length>) -> impl IntoResponse {
    let chunks = (0..chunks).map(|_| Ok::<_, Infallible>(Bytes::from_static(&CHUNK)));
    ([(header::CONTENT_TYPE, "application/octet-stream")], Body::from_stream(futures_util::stream::iter(chunks)))
}

fn main() -> Result<(), StartError> {
    pilaster::run(pilaster::handler(answer).streaming())
}
