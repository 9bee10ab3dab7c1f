use pilaster::lambda_handler;
use pilaster::tools::{Input, Tool};

/// Greets a person.
#[derive(serde::Deserialize, schemars::JsonSchema, Tool)]
struct Greet {
    name: String,
}

#[lambda_handler]
async fn greet(Input(ask): Input<Greet>) -> Result<String, pilaster::BoxError> {
    Ok(ask.name)
}
