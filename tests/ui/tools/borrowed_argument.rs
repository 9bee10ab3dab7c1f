use pilaster::tools::tool;

/// Asks.
#[tool]
async fn ask(city: &str) -> String {
    city.to_owned()
}

fn main() {}
