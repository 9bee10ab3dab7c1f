use pilaster::appsync::{Batch, Batched};
use pilaster::{BoxError, lambda_handler};

#[lambda_handler]
async fn authors(batch: Batch<u32>) -> Result<Batched<u32>, BoxError> {
    Ok(Batched { results: batch.sources().skip(1).map(|id| Ok(*id)).collect() })
}
