use pilaster::{BoxError, Sqs, lambda_handler};

#[lambda_handler(streaming)]
async fn ship(_order: Sqs<u32>) -> Result<(), BoxError> {
    Ok(())
}
