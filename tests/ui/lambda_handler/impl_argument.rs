use pilaster::http::{FromRequestParts, Path};
use pilaster::lambda_handler;

#[lambda_handler]
async fn get(_: impl FromRequestParts<()>, Path(id): Path<u64>) -> String {
    id.to_string()
}
