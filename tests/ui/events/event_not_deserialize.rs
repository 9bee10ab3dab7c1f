use pilaster::{BoxError, Event, lambda_handler};

struct Order;

#[lambda_handler]
async fn reserve(_order: Event<Order>) -> Result<(), BoxError> {
    Ok(())
}
