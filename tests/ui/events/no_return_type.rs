use pilaster::{Event, lambda_handler};

#[lambda_handler]
async fn reserve(_order: Event<u32>) {}
