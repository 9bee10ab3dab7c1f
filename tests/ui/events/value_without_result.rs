use pilaster::{Event, lambda_handler};

#[lambda_handler]
async fn reserve(order: Event<u32>) -> u32 {
    *order
}
