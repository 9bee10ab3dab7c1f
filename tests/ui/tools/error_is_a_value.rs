use pilaster::tools::tool;

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Failed {
    host: String,
}

/// Asks.
#[tool]
async fn ask(host: String) -> Result<i64, Failed> {
    Err(Failed { host })
}

fn main() {
    let _ = ask::tool();
}
