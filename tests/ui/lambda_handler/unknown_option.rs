use pilaster::{http::Path, lambda_handler};

#[lambda_handler(layers = pilaster::http::Stack::new())]
async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}
