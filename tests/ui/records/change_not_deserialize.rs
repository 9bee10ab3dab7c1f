use pilaster::{BoxError, Change, lambda_handler};

struct User;

#[lambda_handler]
async fn project(_change: Change<User>) -> Result<(), BoxError> {
    Ok(())
}
