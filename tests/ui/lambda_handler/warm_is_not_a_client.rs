use pilaster::{http::Path, lambda_handler};

struct Users;

#[lambda_handler(warm(Users))]
async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}
