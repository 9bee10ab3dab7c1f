use pilaster::Invocation;
use pilaster::tools::{Input, Tool, Tools};

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

async fn ask(Input(ask): Input<Ask>, _: Invocation) -> String {
    ask.city
}

fn main() {
    let _ = Tools::new().add(ask);
}
