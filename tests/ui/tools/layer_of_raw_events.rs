use pilaster::tools::{Input, Tool, Tools};

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

async fn ask(Input(ask): Input<Ask>) -> String {
    ask.city
}

fn main() {
    let _ = Tools::new().add(ask).layer(pilaster::MetricsLayer::from_env());
}
