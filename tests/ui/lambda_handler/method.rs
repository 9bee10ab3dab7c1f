use pilaster::{http::Path, lambda_handler};

struct Users;

impl Users {
    #[lambda_handler]
    async fn get(&self, Path(id): Path<u64>) -> String {
        id.to_string()
    }
}

fn main() {}
