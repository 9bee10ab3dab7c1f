use pilaster::{BoxError, Event, Invocation, lambda_handler};

#[lambda_handler]
async fn reserve(Event(order): Event<u32>, _: Invocation) -> Result<u32, BoxError> {
    Ok(order)
}
