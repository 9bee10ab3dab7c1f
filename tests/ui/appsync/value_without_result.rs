use pilaster::appsync::Source;
use pilaster::lambda_handler;

#[lambda_handler]
async fn author(Source(post): Source<u32>) -> u32 {
    post
}
