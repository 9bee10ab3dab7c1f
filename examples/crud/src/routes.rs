//! One async function per route. The router uses each, and so does a function in `src/bin` with an event in template.yaml.

pub use pilaster::http::{self, Created, HttpError, Json, NoContent, Path, Query, Valid};
pub use pilaster::{Client, lambda_handler};
pub use uuid::Uuid;

pub use crate::store::Users;
pub use crate::users::{ListUsers, NewUser, User, UserPage, UserPatch};

/// Creates a user.
#[http::operation(route = "POST /users", tags("users"), responses(409 = "The e-mail address is already in use."))]
pub async fn create_user(
    Client(users): Client<Users>,
    Valid(Json(new)): Valid<Json<NewUser>>,
) -> Result<Created<User>, HttpError> {
    let user = users.insert(new).await?;
    Ok(Created::at(format!("/users/{}", user.id), user))
}

/// Lists users in the order of their creation.
#[http::operation(route = "GET /users", tags("users"))]
pub async fn list_users(
    Client(users): Client<Users>,
    Valid(Query(query)): Valid<Query<ListUsers>>,
) -> Result<Json<UserPage>, HttpError> {
    Ok(Json(users.list(query).await?))
}

/// Returns a user.
#[http::operation(route = "GET /users/{id}", tags("users"), responses(404 = "There is no such user."))]
pub async fn get_user(Client(users): Client<Users>, Path(id): Path<Uuid>) -> Result<Json<User>, HttpError> {
    Ok(Json(users.get(id).await?))
}

/// Updates a user.
///
/// The body has the version that the update is based on; the response is a 409 if the user has changed since.
#[http::operation(
    route = "PATCH /users/{id}",
    tags("users"),
    responses(404 = "There is no such user.", 409 = "The user has changed, or the e-mail address is already in use.")
)]
pub async fn update_user(
    Client(users): Client<Users>,
    Path(id): Path<Uuid>,
    Valid(Json(patch)): Valid<Json<UserPatch>>,
) -> Result<Json<User>, HttpError> {
    Ok(Json(users.update(id, patch).await?))
}

/// Deletes a user.
#[http::operation(route = "DELETE /users/{id}", tags("users"), responses(404 = "There is no such user."))]
pub async fn delete_user(Client(users): Client<Users>, Path(id): Path<Uuid>) -> Result<NoContent, HttpError> {
    users.remove(id).await?;
    Ok(NoContent)
}
