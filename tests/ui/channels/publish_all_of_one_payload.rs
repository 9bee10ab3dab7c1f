use pilaster::BoxError;
use pilaster::channels::{Handlers, Outgoing, Payload};

async fn ingest(Payload(text): Payload<String>) -> Result<Vec<Outgoing>, BoxError> {
    Ok(vec![Outgoing::payload("1", &text)])
}

fn main() {
    let _ = Handlers::new().publish_all("/metrics/*", ingest);
}
