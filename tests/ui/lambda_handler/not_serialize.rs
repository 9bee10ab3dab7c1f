use pilaster::http::{Created, HttpError, Path};
use pilaster::lambda_handler;

struct User {
    id: u64,
}

#[lambda_handler]
async fn create(Path(id): Path<u64>) -> Result<Created<User>, HttpError> {
    let user = User { id };
    Ok(Created::at(format!("/users/{}", user.id), user))
}
