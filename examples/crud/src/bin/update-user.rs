//! `PATCH /users/{id}` as a separate function.

use crud::api_key::RequireKey;
use crud::routes;
use crud::store::Users;
use crud::users::{User, UserPatch};
use pilaster::http::{HttpError, Json, Path, Valid};
use pilaster::{Client, lambda_handler};
use uuid::Uuid;

#[lambda_handler(route = "PATCH /users/{id}", layer = crud::api(), warm(Client<Users>, RequireKey))]
async fn update_user(
    users: Client<Users>,
    id: Path<Uuid>,
    patch: Valid<Json<UserPatch>>,
) -> Result<Json<User>, HttpError> {
    routes::update_user(users, id, patch).await
}
