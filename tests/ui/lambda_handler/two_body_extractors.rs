use pilaster::http::{Bytes, Json};
use pilaster::lambda_handler;

#[lambda_handler]
async fn both(Json(number): Json<u64>, raw: Bytes) -> String {
    format!("{number} in {} bytes", raw.len())
}
