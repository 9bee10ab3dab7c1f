//! A response that is streamed in chunks of 64 KB, on `lambda_http`, hand-written.

use std::convert::Infallible;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use http_body_util::combinators::BoxBody;
use lambda_http::{Error, Request, RequestExt, Response, run_with_streaming_response, service_fn};

static CHUNK: [u8; 64 << 10] = [0xa5; 64 << 10];

async fn answer(request: Request) -> Result<Response<BoxBody<Bytes, Infallible>>, Error> {
    let chunks: usize = request.query_string_parameters().first("chunks").unwrap_or_default().parse()?;
    let chunks = (0..chunks).map(|_| Ok(Frame::data(Bytes::from_static(&CHUNK))));
    let body = BoxBody::new(StreamBody::new(futures_util::stream::iter(chunks)));
    Ok(Response::builder().header("content-type", "application/octet-stream").body(body)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_with_streaming_response(service_fn(answer)).await
}
