use pilaster::{Sqs, lambda_handler};

struct NotShipped;

#[lambda_handler]
async fn ship(_order: Sqs<u32>) -> Result<(), NotShipped> {
    Err(NotShipped)
}
