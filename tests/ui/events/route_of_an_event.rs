use pilaster::{BoxError, Event, lambda_handler};

#[lambda_handler(route = "GET /users/{id}")]
async fn reserve(Event(order): Event<u32>) -> Result<u32, BoxError> {
    Ok(order)
}
