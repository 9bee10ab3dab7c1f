use pilaster::{BoxError, Sqs};

async fn ship(order: Sqs<u32>) -> Result<String, BoxError> {
    Ok(order.to_string())
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(pilaster::handler(ship))
}
