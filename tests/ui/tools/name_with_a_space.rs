use pilaster::tools::Tool;

/// Asks.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
#[tool(name = "the weather")]
struct Ask {
    city: String,
}

fn main() {}
