use pilaster::http::{HttpError, Path};
use pilaster::{BoxError, lambda_handler};

fn find(id: u64) -> Result<String, BoxError> {
    Ok(id.to_string())
}

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> Result<String, HttpError> {
    Ok(find(id)?)
}
