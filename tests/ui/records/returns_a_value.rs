use pilaster::{BoxError, Sqs, lambda_handler};

#[lambda_handler]
async fn ship(order: Sqs<u32>) -> Result<u32, BoxError> {
    Ok(*order)
}
