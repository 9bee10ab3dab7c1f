//! `DELETE /users/{id}` as a separate function.

use crud::api_key::Keys;
use crud::routes::{self, Client, HttpError, NoContent, Path, Users, Uuid, lambda_handler};

#[lambda_handler(route = "DELETE /users/{id}", layer = crud::api(), warm(Client<Users>, Client<Keys>))]
async fn delete_user(users: Client<Users>, id: Path<Uuid>) -> Result<NoContent, HttpError> {
    routes::delete_user(users, id).await
}

#[cfg(test)]
mod tests;
