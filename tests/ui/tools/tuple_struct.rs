use pilaster::tools::Tool;

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask(String);

fn main() {}
