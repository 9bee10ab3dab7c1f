use pilaster::{BoxError, Sqs, lambda_handler};

#[lambda_handler]
async fn ship(order: Sqs<u32>) -> Result<String, BoxError> {
    Ok(order.to_string())
}
