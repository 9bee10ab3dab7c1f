use pilaster::http::{HttpError, Json, Path};
use pilaster::lambda_handler;

type Number = Json<u64>;

#[lambda_handler]
async fn add(Json(number): Number, Path(id): Path<u64>) -> Result<String, HttpError> {
    Ok((number + id).to_string())
}
