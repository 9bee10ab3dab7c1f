use pilaster::http::{HttpError, Next, Request, Response};

async fn envelope(request: Request, next: Next) -> Result<Response, HttpError> {
    let (parts, body) = next.run(request).await.into_parts();
    let bytes = body.collect().await.map_err(HttpError::internal)?.to_bytes();
    Ok(Response::from_parts(parts, bytes.into()))
}

fn main() {}
