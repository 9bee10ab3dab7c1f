use pilaster::idempotent;

struct Bank;

impl Bank {
    #[idempotent(key = "order")]
    async fn charge(&self, order: u64) -> Result<u64, pilaster::BoxError> {
        Ok(order)
    }
}

fn main() {
    let _ = Bank.charge(1);
}
