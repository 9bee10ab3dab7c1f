use pilaster::tools::tool;

#[derive(serde::Deserialize)]
struct City(String);

/// Asks.
#[tool]
async fn ask(city: City) -> String {
    city.0
}

fn main() {}
