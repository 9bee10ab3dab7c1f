//! `GET /users` as a separate function.

use crud::api_key::Keys;
use crud::routes::{self, Client, HttpError, Json, ListUsers, Query, UserPage, Users, Valid, lambda_handler};

#[lambda_handler(route = "GET /users", layer = crud::api(), warm(Client<Users>, Client<Keys>))]
async fn list_users(users: Client<Users>, query: Valid<Query<ListUsers>>) -> Result<Json<UserPage>, HttpError> {
    routes::list_users(users, query).await
}

#[cfg(test)]
mod tests;
