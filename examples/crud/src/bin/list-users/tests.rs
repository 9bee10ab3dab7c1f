#[path = "../../../tests/common/clients.rs"]
mod clients;

use pilaster::BoxError;
use pilaster::testing::http;
use serde_json::{Value, json};

use self::clients::{call, clients_with_user};

#[tokio::test]
async fn the_users_are_listed() -> Result<(), BoxError> {
    let (clients, ada) = clients_with_user().await?;
    let listed = call("GET /users", super::list_users::function(), &clients, || http::get("/users?limit=7")).await?;
    assert_eq!(listed.json::<Value>()?, json!({ "users": [ada] }));
    Ok(())
}
