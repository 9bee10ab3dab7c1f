use pilaster::{http::Path, lambda_handler};

#[lambda_handler]
async fn main(Path(id): Path<u64>) -> String {
    id.to_string()
}
