use pilaster::{http::Json, lambda_handler};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[lambda_handler]
async fn echo<T: DeserializeOwned + Serialize>(json: Json<T>) -> Json<T> {
    json
}
