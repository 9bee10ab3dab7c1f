use pilaster::idempotent;

#[idempotent]
async fn charge(order: u64) -> Result<u64, pilaster::BoxError> {
    Ok(order)
}

fn main() {}
