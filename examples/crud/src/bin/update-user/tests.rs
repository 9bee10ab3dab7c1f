#[path = "../../../tests/common/clients.rs"]
mod clients;

use crud::users::User;
use pilaster::BoxError;
use pilaster::testing::http;
use serde_json::json;

use self::clients::{call, clients_with_user};

#[tokio::test]
async fn the_user_of_the_path_is_updated() -> Result<(), BoxError> {
    let (clients, ada) = clients_with_user().await?;
    let patch = || http::patch(format!("/users/{}", ada.id)).json(json!({ "version": 1, "name": "Augusta" }));
    let updated = call("PATCH /users/{id}", super::update_user::function(), &clients, patch).await?;
    assert_eq!(updated.json::<User>()?, User { name: "Augusta".into(), version: 2, ..ada });
    Ok(())
}
