//! Bodies of 6 MB on `lambda_http`, hand-written: JSON, binary and multipart in, binary out.

use std::convert::Infallible;

use bytes::Bytes;
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Upload {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    sku: String,
    count: u64,
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte)).sum()
}

fn json(body: String) -> Result<Response<Body>, Error> {
    Ok(Response::builder().header("content-type", "application/json").body(Body::Text(body))?)
}

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    match request.raw_http_path() {
        "/json" => {
            let upload: Upload = serde_json::from_slice(request.body())?;
            let total: u64 = upload.items.iter().map(|item| item.count + item.sku.len() as u64).sum();
            json(format!(r#"{{"items":{},"total":{total}}}"#, upload.items.len()))
        }
        "/binary" => json(format!(r#"{{"bytes":{},"sum":{}}}"#, request.body().len(), sum(request.body()))),
        "/multipart" => {
            let content_type = request.headers().get("content-type").map(|value| value.to_str()).transpose()?;
            let boundary = multer::parse_boundary(content_type.unwrap_or_default())?;
            let bytes = match request.into_body() {
                Body::Binary(bytes) => Bytes::from(bytes),
                Body::Text(text) => Bytes::from(text),
                _ => Bytes::new(),
            };
            let whole = futures_util::stream::iter([Ok::<_, Infallible>(bytes)]);
            let mut parts = multer::Multipart::new(whole, boundary);
            let (mut length, mut total) = (0, 0);
            while let Some(part) = parts.next_field().await? {
                let bytes = part.bytes().await?;
                length += bytes.len();
                total += sum(&bytes);
            }
            json(format!(r#"{{"bytes":{length},"sum":{total}}}"#))
        }
        "/download" => {
            let length = request.query_string_parameters().first("bytes").unwrap_or_default().parse()?;
            let body = Body::Binary(vec![0xa5; length]);
            Ok(Response::builder().header("content-type", "application/octet-stream").body(body)?)
        }
        _ => Ok(Response::builder().status(404).body(Body::Empty)?),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}
