//! `cargo run -p hello`, then `curl 'http://127.0.0.1:3000/?name=Ada'`

use pilaster::{http::Query, lambda_handler};

#[derive(serde::Deserialize)]
struct Guest {
    name: String,
}

#[lambda_handler]
async fn hello(Query(guest): Query<Guest>) -> String {
    format!("Hello, {}!\n", guest.name)
}

#[cfg(test)]
#[tokio::test]
async fn greets_the_guest_by_name() {
    let guest = Guest { name: "Ada".into() };
    assert_eq!(hello(Query(guest)).await, "Hello, Ada!\n");
}
