use pilaster::http::Path;
use pilaster::lambda_handler;

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> u64 {
    id
}
