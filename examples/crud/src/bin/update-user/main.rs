//! `PATCH /users/{id}` as a separate function.

use crud::api_key::Keys;
use crud::routes::{self, Client, HttpError, Json, Path, User, UserPatch, Users, Uuid, Valid, lambda_handler};

#[lambda_handler(route = "PATCH /users/{id}", layer = crud::api(), warm(Client<Users>, Client<Keys>))]
async fn update_user(
    users: Client<Users>,
    id: Path<Uuid>,
    patch: Valid<Json<UserPatch>>,
) -> Result<Json<User>, HttpError> {
    routes::update_user(users, id, patch).await
}

#[cfg(test)]
mod tests;
