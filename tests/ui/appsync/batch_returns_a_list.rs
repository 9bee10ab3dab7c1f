use pilaster::appsync::Batch;
use pilaster::{BoxError, lambda_handler};

#[lambda_handler]
async fn authors(batch: Batch<u32>) -> Result<Vec<u32>, BoxError> {
    Ok(batch.sources().copied().collect())
}
