use pilaster::http::{Json, Query};
use pilaster::lambda_handler;

struct Page {
    size: u32,
}

#[lambda_handler]
async fn list(query: Option<Query<Page>>) -> Json<u32> {
    Json(query.map_or(10, |Query(page)| page.size))
}
