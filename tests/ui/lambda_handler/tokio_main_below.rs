use pilaster::{http::Path, lambda_handler};

#[lambda_handler]
#[tokio::main(flavor = "current_thread")]
async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}
