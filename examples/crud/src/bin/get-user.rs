//! `GET /users/{id}` as a separate function.

use crud::api_key::RequireKey;
use crud::routes;
use crud::store::Users;
use crud::users::User;
use pilaster::http::{HttpError, Json, Path};
use pilaster::{Client, lambda_handler};
use uuid::Uuid;

#[lambda_handler(route = "GET /users/{id}", layer = crud::api(), warm(Client<Users>, RequireKey))]
async fn get_user(users: Client<Users>, id: Path<Uuid>) -> Result<Json<User>, HttpError> {
    routes::get_user(users, id).await
}
