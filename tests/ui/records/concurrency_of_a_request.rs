use pilaster::http::Json;
use pilaster::lambda_handler;

#[lambda_handler(concurrency = 8)]
async fn echo(Json(value): Json<u32>) -> Json<u32> {
    Json(value)
}
