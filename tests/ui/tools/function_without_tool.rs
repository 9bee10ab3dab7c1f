use pilaster::tools::{Tools, tool};

/// Asks.
#[tool]
async fn ask(city: String) -> String {
    city
}

fn main() {
    let _ = Tools::new().add(ask);
}
