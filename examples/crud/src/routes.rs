//! One async function per route. The router uses each, and so does a function in `src/bin` with an event in template.yaml.

pub use pilaster::http::{Created, HttpError, Json, NoContent, Path, Query, Valid};
pub use pilaster::{Client, lambda_handler};
pub use uuid::Uuid;

pub use crate::store::Users;
pub use crate::users::{ListUsers, NewUser, User, UserPage, UserPatch};

/// `POST /users`
pub async fn create_user(
    Client(users): Client<Users>,
    Valid(Json(new)): Valid<Json<NewUser>>,
) -> Result<Created<User>, HttpError> {
    let user = users.insert(new).await?;
    Ok(Created::at(format!("/users/{}", user.id), user))
}

/// `GET /users?limit=…&cursor=…`
pub async fn list_users(
    Client(users): Client<Users>,
    Valid(Query(query)): Valid<Query<ListUsers>>,
) -> Result<Json<UserPage>, HttpError> {
    Ok(Json(users.list(query).await?))
}

/// `GET /users/{id}`
pub async fn get_user(Client(users): Client<Users>, Path(id): Path<Uuid>) -> Result<Json<User>, HttpError> {
    Ok(Json(users.get(id).await?))
}

/// `PATCH /users/{id}`
pub async fn update_user(
    Client(users): Client<Users>,
    Path(id): Path<Uuid>,
    Valid(Json(patch)): Valid<Json<UserPatch>>,
) -> Result<Json<User>, HttpError> {
    Ok(Json(users.update(id, patch).await?))
}

/// `DELETE /users/{id}`
pub async fn delete_user(Client(users): Client<Users>, Path(id): Path<Uuid>) -> Result<NoContent, HttpError> {
    users.remove(id).await?;
    Ok(NoContent)
}
