use pilaster::BoxError;
use pilaster::tools::{Input, Tool, Tools};

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

#[derive(serde::Serialize)]
struct Answer {
    city: String,
}

async fn ask(Input(ask): Input<Ask>) -> Result<Answer, BoxError> {
    Ok(Answer { city: ask.city })
}

fn main() {
    let _ = Tools::new().add(ask);
}
