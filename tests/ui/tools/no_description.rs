use pilaster::tools::Tool;

#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Ask {
    city: String,
}

fn main() {}
