use pilaster::tools::{Session, tool};

/// Asks.
#[tool]
async fn ask(_session: Session, city: String) -> String {
    city
}

fn main() {}
