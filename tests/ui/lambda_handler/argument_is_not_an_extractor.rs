use pilaster::{http::Path, lambda_handler};

struct User;

#[lambda_handler]
async fn rename(user: User, Path(id): Path<u64>) -> String {
    let _ = user;
    format!("renamed {id}")
}
