use pilaster::idempotent;

#[idempotent(key = "ordre")]
async fn charge(order: u64, note: String) -> Result<String, pilaster::BoxError> {
    Ok(format!("{order} {note}"))
}

fn main() {}
