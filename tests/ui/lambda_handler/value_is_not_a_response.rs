use pilaster::http::{HttpError, Path};
use pilaster::lambda_handler;

struct User {
    id: u64,
}

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> Result<User, HttpError> {
    let user = User { id };
    if user.id == 0 {
        return Err(HttpError::not_found("no such user"));
    }
    Ok(user)
}
