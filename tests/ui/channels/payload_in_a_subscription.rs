use pilaster::BoxError;
use pilaster::channels::{Handlers, Payload};

async fn admit(Payload(_): Payload<String>) -> Result<(), BoxError> {
    Ok(())
}

fn main() {
    let _ = Handlers::new().subscribe("/chat/*", admit);
}
