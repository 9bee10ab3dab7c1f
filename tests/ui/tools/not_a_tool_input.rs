use pilaster::tools::{Input, Tools};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Ask {
    city: String,
}

async fn ask(Input(ask): Input<Ask>) -> String {
    ask.city
}

fn main() {
    let _ = Tools::new().add(ask);
}
