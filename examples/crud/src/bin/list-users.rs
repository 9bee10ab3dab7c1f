//! `GET /users` as a separate function.

use crud::api_key::RequireKey;
use crud::routes;
use crud::store::Users;
use crud::users::{ListUsers, UserPage};
use pilaster::http::{HttpError, Json, Query, Valid};
use pilaster::{Client, lambda_handler};

#[lambda_handler(route = "GET /users", layer = crud::api(), warm(Client<Users>, RequireKey))]
async fn list_users(users: Client<Users>, query: Valid<Query<ListUsers>>) -> Result<Json<UserPage>, HttpError> {
    routes::list_users(users, query).await
}
