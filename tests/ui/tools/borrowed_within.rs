use pilaster::tools::tool;

/// Asks.
#[tool]
async fn ask(cities: Vec<Option<&str>>) -> usize {
    cities.len()
}

fn main() {}
