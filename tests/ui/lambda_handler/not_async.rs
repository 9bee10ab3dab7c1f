use pilaster::{http::Json, lambda_handler};

#[lambda_handler]
fn double(Json(number): Json<i32>) -> Json<i32> {
    Json(number * 2)
}
