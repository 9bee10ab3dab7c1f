use pilaster::http::IdempotencyKey;
use pilaster::{BoxError, Sqs, lambda_handler};

#[lambda_handler]
async fn ship(_key: IdempotencyKey, _order: Sqs<u32>) -> Result<(), BoxError> {
    Ok(())
}
