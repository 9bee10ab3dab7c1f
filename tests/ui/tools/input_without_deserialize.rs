use pilaster::tools::Tool;

/// Asks.
#[derive(schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

fn main() {}
