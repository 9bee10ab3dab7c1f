use pilaster::http::{Method, Path};
use pilaster::lambda_handler;

#[lambda_handler]
async fn list(_: Method) {}

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}
