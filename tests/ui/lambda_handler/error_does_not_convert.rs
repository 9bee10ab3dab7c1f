use pilaster::http::{HttpError, Json, Path};
use pilaster::lambda_handler;

struct Unknown;

fn find(id: u64) -> Result<u64, Unknown> {
    Err(Unknown).or(Ok(id))
}

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> Result<Json<u64>, HttpError> {
    Ok(Json(find(id)?))
}
