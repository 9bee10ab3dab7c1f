use pilaster::http::{self, Path};
use pilaster::lambda_handler;

#[lambda_handler(layer = http::Stack::new)]
async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}
