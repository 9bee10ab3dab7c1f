//! `POST /users` as a separate function.

use crud::api_key::RequireKey;
use crud::routes;
use crud::store::Users;
use crud::users::{NewUser, User};
use pilaster::http::{Created, HttpError, Json, Valid};
use pilaster::{Client, lambda_handler};

#[lambda_handler(route = "POST /users", layer = crud::api(), warm(Client<Users>, RequireKey))]
async fn create_user(users: Client<Users>, new: Valid<Json<NewUser>>) -> Result<Created<User>, HttpError> {
    routes::create_user(users, new).await
}
