use pilaster::http::{self, HttpError, Json, Method};
use serde::Serialize;

#[derive(Serialize)]
struct User {
    name: String,
}

#[http::operation(route = "GET /users")]
async fn list(_: Method) -> Result<Json<Vec<User>>, HttpError> {
    Ok(Json(Vec::new()))
}

fn main() {}
