use pilaster::mcp;
use pilaster::tools::{Input, Tool};

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

async fn ask(Input(ask): Input<Ask>) -> String {
    ask.city
}

fn main() {
    let _ = mcp::Server::new(ask);
}
