use pilaster::http::{Json, Path, Valid};
use pilaster::lambda_handler;

struct User {
    id: u64,
}

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> Valid<Json<User>> {
    Valid(Json(User { id }))
}
