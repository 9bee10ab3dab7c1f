#[path = "../../../tests/common/clients.rs"]
mod clients;

use crud::users::User;
use pilaster::BoxError;
use pilaster::testing::http;

use self::clients::{call, clients_with_user};

#[tokio::test]
async fn the_user_of_the_path_is_returned() -> Result<(), BoxError> {
    let (clients, ada) = clients_with_user().await?;
    let read =
        call("GET /users/{id}", super::get_user::function(), &clients, || http::get(format!("/users/{}", ada.id)))
            .await?;
    assert_eq!(read.json::<User>()?, ada);
    Ok(())
}
