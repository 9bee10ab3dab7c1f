use pilaster::tools::tool;

/// Asks.
#[tool]
async fn ask<T: serde::Serialize>(city: T) -> String {
    String::new()
}

fn main() {}
