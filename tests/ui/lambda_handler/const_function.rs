use pilaster::{http::Path, lambda_handler};

#[lambda_handler]
const async fn get(Path(id): Path<u64>) -> u64 {
    id
}
