use std::time::Duration;

use pilaster::http::{Path, Stack};
use tower::timeout::TimeoutLayer;

async fn get(Path(id): Path<u64>) -> String {
    id.to_string()
}

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(pilaster::handler(get).layer(Stack::new()).layer(TimeoutLayer::new(Duration::from_secs(1))))
}
