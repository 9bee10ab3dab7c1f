#[path = "../../../tests/common/clients.rs"]
mod clients;

use pilaster::BoxError;
use pilaster::testing::http;
use serde_json::{Value, json};

use self::clients::{call, clients};

#[tokio::test]
async fn a_user_is_created() -> Result<(), BoxError> {
    let new = || http::post("/users").json(json!({ "email": "ada@example.com", "name": "Ada" }));
    let created = call("POST /users", super::create_user::function(), &clients(), new).await?;
    assert_eq!((created.status(), &created.json::<Value>()?["name"]), (201, &json!("Ada")));
    Ok(())
}
