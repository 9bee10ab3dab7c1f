//! `DELETE /users/{id}` as a separate function.

use crud::api_key::RequireKey;
use crud::routes;
use crud::store::Users;
use pilaster::http::{HttpError, NoContent, Path};
use pilaster::{Client, lambda_handler};
use uuid::Uuid;

#[lambda_handler(route = "DELETE /users/{id}", layer = crud::api(), warm(Client<Users>, RequireKey))]
async fn delete_user(users: Client<Users>, id: Path<Uuid>) -> Result<NoContent, HttpError> {
    routes::delete_user(users, id).await
}
