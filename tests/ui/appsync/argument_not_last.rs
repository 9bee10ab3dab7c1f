use pilaster::appsync::Arguments;
use pilaster::{BoxError, Invocation, lambda_handler};

#[lambda_handler]
async fn get_post(Arguments(id): Arguments<u32>, _: Invocation) -> Result<u32, BoxError> {
    Ok(id)
}
