use pilaster::http::Stack;
use pilaster::{BoxError, Sqs, lambda_handler};

#[lambda_handler(layer = Stack::new())]
async fn ship(_order: Sqs<u32>) -> Result<(), BoxError> {
    Ok(())
}
