use pilaster::http::{HttpError, Path};
use pilaster::lambda_handler;

fn find(id: u64) -> Result<u64, String> {
    Err(format!("no user {id}"))
}

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> Result<String, HttpError> {
    Ok(find(id)?.to_string())
}
