//! `POST /users` as a separate function.

use crud::api_key::Keys;
use crud::routes::{self, Client, Created, HttpError, Json, NewUser, User, Users, Valid, lambda_handler};

#[lambda_handler(route = "POST /users", layer = crud::api(), warm(Client<Users>, Client<Keys>))]
async fn create_user(users: Client<Users>, new: Valid<Json<NewUser>>) -> Result<Created<User>, HttpError> {
    routes::create_user(users, new).await
}

#[cfg(test)]
mod tests;
