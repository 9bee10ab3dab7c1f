use pilaster::tools::{Input, Tool, Tools};

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

async fn ask(Input(ask): Input<Ask>) -> Result<i64, String> {
    Err(ask.city)
}

fn main() {
    let _ = Tools::new().add(ask);
}
