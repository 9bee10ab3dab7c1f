use pilaster::tools::tool;

/// Asks.
#[tool(readonly)]
async fn ask(city: String) -> String {
    city
}

fn main() {}
