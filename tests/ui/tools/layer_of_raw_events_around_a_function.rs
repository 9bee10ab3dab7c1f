use pilaster::tools::{Input, Tool, Tools};

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

async fn ask(Input(ask): Input<Ask>) -> String {
    ask.city
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(Tools::new().add(ask).for_bedrock().layer(pilaster::MetricsLayer::from_env()))
}
