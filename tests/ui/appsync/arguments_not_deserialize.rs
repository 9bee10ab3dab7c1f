use pilaster::appsync::Arguments;
use pilaster::{BoxError, lambda_handler};

struct ById {
    id: String,
}

#[lambda_handler]
async fn get_post(Arguments(by): Arguments<ById>) -> Result<String, BoxError> {
    Ok(by.id)
}
