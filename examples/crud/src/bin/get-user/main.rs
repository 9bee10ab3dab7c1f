//! `GET /users/{id}` as a separate function.

use crud::api_key::Keys;
use crud::routes::{self, Client, HttpError, Json, Path, User, Users, Uuid, lambda_handler};

#[lambda_handler(route = "GET /users/{id}", layer = crud::api(), warm(Client<Users>, Client<Keys>))]
async fn get_user(users: Client<Users>, id: Path<Uuid>) -> Result<Json<User>, HttpError> {
    routes::get_user(users, id).await
}

#[cfg(test)]
mod tests;
