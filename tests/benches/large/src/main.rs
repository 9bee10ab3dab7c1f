//! Bodies of 6 MB: JSON, binary and multipart in, binary out. `tests/benches/run large` compares it with `bare-large`.

use pilaster::StartError;
use pilaster::http::{
    Bytes, FromRequest, FromRequestParts, HttpError, IntoResponse, Json, Multipart, Query, Request, Response, header,
};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Upload {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    sku: String,
    count: u64,
}

#[derive(Serialize)]
struct Counted {
    items: usize,
    total: u64,
}

#[derive(Serialize)]
struct Received {
    bytes: usize,
    sum: u64,
}

#[derive(Deserialize)]
struct Length {
    bytes: usize,
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte)).sum()
}

async fn json(Json(upload): Json<Upload>) -> Json<Counted> {
    let total = upload.items.iter().map(|item| item.count + item.sku.len() as u64).sum();
    Json(Counted { items: upload.items.len(), total })
}

async fn binary(body: Bytes) -> Json<Received> {
    Json(Received { bytes: body.len(), sum: sum(&body) })
}

async fn multipart(mut parts: Multipart) -> Result<Json<Received>, HttpError> {
    let mut received = Received { bytes: 0, sum: 0 };
    while let Some(part) = parts.next_field().await? {
        let bytes = part.bytes().await?;
        received.bytes += bytes.len();
        received.sum += sum(&bytes);
    }
    Ok(Json(received))
}

async fn answer(request: Request) -> Result<Response, HttpError> {
    Ok(match request.uri().path() {
        "/json" => json(Json::from_request(request, &()).await?).await.into_response(),
        "/binary" => {
            let body = Bytes::from_request(request, &()).await;
            binary(body.map_err(|_| HttpError::bad_request("the body cannot be read"))?).await.into_response()
        }
        "/multipart" => multipart(Multipart::from_request(request, &()).await?).await.into_response(),
        "/download" => {
            let Query(Length { bytes }) = Query::from_request_parts(&mut request.into_parts().0, &()).await?;
            ([(header::CONTENT_TYPE, "application/octet-stream")], vec![0xa5; bytes]).into_response()
        }
        _ => return Err(HttpError::not_found("there is no such path")),
    })
}

fn main() -> Result<(), StartError> {
    pilaster::run(pilaster::handler(answer))
}
