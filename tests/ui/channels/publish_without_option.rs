use pilaster::BoxError;
use pilaster::channels::{Handlers, Payload};

async fn moderate(Payload(text): Payload<String>) -> Result<String, BoxError> {
    Ok(text)
}

fn main() {
    let _ = Handlers::new().publish("/chat/*", moderate);
}
