use pilaster::{BoxError, Sqs, lambda_handler};

struct Order;

#[lambda_handler]
async fn ship(_order: Sqs<Order>) -> Result<(), BoxError> {
    Ok(())
}
