use pilaster::http::{Json, Path};
use pilaster::lambda_handler;

struct NewUser {
    name: String,
}

#[lambda_handler]
async fn create(Path(id): Path<u64>, Json(new): Json<NewUser>) -> String {
    format!("{id}: {}", new.name)
}
