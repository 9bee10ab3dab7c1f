use pilaster::appsync::{Batch, Resolvers};
use pilaster::BoxError;

async fn authors(batch: Batch<u32>) -> Result<Vec<u32>, BoxError> {
    Ok(batch.sources().copied().collect())
}

fn main() {
    let _ = Resolvers::new().batch("Post", "author", authors);
}
