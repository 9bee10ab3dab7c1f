use pilaster::tools::Tool;

/// Asks.
#[derive(serde::Deserialize, Tool)]
struct Ask {
    city: String,
}

fn main() {}
