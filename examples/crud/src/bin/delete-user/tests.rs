#[path = "../../../tests/common/clients.rs"]
mod clients;

use crud::store::Users;
use pilaster::BoxError;
use pilaster::testing::http;

use self::clients::{call, clients_with_user};

#[tokio::test]
async fn the_user_of_the_path_is_deleted() -> Result<(), BoxError> {
    let (clients, ada) = clients_with_user().await?;
    let deleted = call("DELETE /users/{id}", super::delete_user::function(), &clients, || {
        http::delete(format!("/users/{}", ada.id))
    })
    .await?;
    assert_eq!(deleted.status(), 204);
    assert!(clients.get::<Users>().await?.get(ada.id).await.is_err());
    Ok(())
}
