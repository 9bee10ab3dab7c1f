use pilaster::http::Json;
use pilaster::{BoxError, Sqs, lambda_handler};

#[lambda_handler]
async fn ship(_body: Json<u32>, _order: Sqs<u32>) -> Result<(), BoxError> {
    Ok(())
}
