use pilaster::http::{Method, NoContent};
use pilaster::lambda_handler;

#[lambda_handler(openapi(tags("users")))]
async fn list(_: Method) -> NoContent {
    NoContent
}
