use pilaster::http::{HeaderMap, Json, Method, Uri};
use pilaster::lambda_handler;

#[lambda_handler]
async fn much(_: Uri, _: Uri, _: Uri, _: Uri, _: Method, _: Method, _: Method, _: HeaderMap, _: Json<u64>) -> String {
    String::new()
}
