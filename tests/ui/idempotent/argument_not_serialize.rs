use pilaster::idempotent;

struct Order;

#[idempotent(key = "order")]
async fn charge(order: Order) -> Result<u64, pilaster::BoxError> {
    let _ = order;
    Ok(1)
}

fn main() {}
