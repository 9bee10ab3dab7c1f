use pilaster::{http::Path, lambda_handler};

struct User;

#[lambda_handler]
async fn rename(Path(id): Path<u64>, user: &User) -> String {
    let _ = user;
    format!("renamed {id}")
}
