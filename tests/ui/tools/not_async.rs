use pilaster::tools::tool;

/// Asks.
#[tool]
fn ask(city: String) -> String {
    city
}

fn main() {}
