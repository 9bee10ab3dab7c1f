use pilaster::http::{Json, Path};
use pilaster::{BoxError, lambda_handler};

#[lambda_handler]
async fn get(Path(id): Path<String>) -> Result<Json<u64>, BoxError> {
    Ok(Json(id.parse()?))
}
