use std::num::ParseIntError;

use pilaster::http::{Json, Path};
use pilaster::lambda_handler;

#[lambda_handler]
async fn get(Path(id): Path<String>) -> Result<Json<u64>, ParseIntError> {
    Ok(Json(id.parse()?))
}
