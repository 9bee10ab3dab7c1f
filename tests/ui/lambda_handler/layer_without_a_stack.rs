use std::time::Duration;

use pilaster::http::Path;
use pilaster::lambda_handler;
use tower::timeout::TimeoutLayer;

#[lambda_handler(layer = TimeoutLayer::new(Duration::from_secs(1)))]
async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}
