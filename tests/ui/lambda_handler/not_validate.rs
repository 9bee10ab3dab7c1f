use pilaster::http::{Json, Valid};
use pilaster::lambda_handler;
use serde::Deserialize;

#[derive(Deserialize)]
struct NewUser {
    name: String,
}

#[lambda_handler]
async fn create(Valid(Json(new)): Valid<Json<NewUser>>) -> String {
    new.name
}
