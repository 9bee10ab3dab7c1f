use pilaster::tools::tool;

struct Weather;

impl Weather {
    /// Asks.
    #[tool]
    async fn ask(&self, city: String) -> String {
        city
    }
}

fn main() {}
