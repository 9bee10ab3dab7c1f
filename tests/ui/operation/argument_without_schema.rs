use pilaster::http::{self, HttpError, Json};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct User {
    name: String,
}

#[http::operation(route = "POST /users")]
async fn create(Json(user): Json<User>) -> Result<String, HttpError> {
    Ok(user.name)
}

fn main() {}
