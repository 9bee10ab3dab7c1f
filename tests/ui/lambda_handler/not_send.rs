use std::rc::Rc;

use pilaster::http::{Json, Path};
use pilaster::lambda_handler;

async fn pause() {}

#[lambda_handler]
async fn get(Path(id): Path<u64>) -> Json<u64> {
    let shared = Rc::new(id);
    pause().await;
    Json(*shared)
}
