use pilaster::tools::tool;

#[derive(serde::Serialize)]
struct Answer {
    city: String,
}

/// Asks.
#[tool]
async fn ask(city: String) -> Answer {
    Answer { city }
}

fn main() {
    let _ = ask::tool();
}
