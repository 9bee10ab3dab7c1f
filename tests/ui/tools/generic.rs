use pilaster::tools::tool;

/// Asks.
#[tool]
async fn ask<T: serde::Serialize>(city: T) -> String {
    drop(city);
    String::new()
}

fn main() {}
