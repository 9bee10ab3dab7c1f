use pilaster::BoxError;
use pilaster::appsync::{FieldInfo, Resolvers};

async fn name(field: FieldInfo) -> Result<String, BoxError> {
    Ok(field.field_name().to_owned())
}

fn main() -> Result<(), pilaster::StartError> {
    let resolvers = Resolvers::new().field("Query", "name", name);
    pilaster::run(pilaster::handler(resolvers).layer(pilaster::MetricsLayer::from_env()))
}
