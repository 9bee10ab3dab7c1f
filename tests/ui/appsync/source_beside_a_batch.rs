use pilaster::appsync::{Batch, Batched, Source};
use pilaster::{BoxError, lambda_handler};

#[lambda_handler]
async fn authors(_: Source<u32>, batch: Batch<u32>) -> Result<Batched<u32>, BoxError> {
    Ok(batch.answer(|item| item.source))
}
