use pilaster::appsync::Resolvers;
use pilaster::BoxError;

async fn get_post(id: String) -> Result<String, BoxError> {
    Ok(id)
}

fn main() {
    let _ = Resolvers::new().field("Query", "post", get_post);
}
