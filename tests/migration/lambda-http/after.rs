use pilaster::http::{HttpError, Json, Path};
use pilaster::{BoxError, lambda_handler};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub(crate) struct Rename {
    name: String,
}

#[derive(Serialize)]
pub(crate) struct User {
    id: u64,
    name: String,
}

#[lambda_handler(route = "PATCH /users/{id}")]
pub(crate) async fn rename_user(
    Path(id): Path<u64>,
    Json(Rename { name }): Json<Rename>,
) -> Result<Json<User>, HttpError> {
    let user = rename(id, name).await.map_err(HttpError::internal)?;
    user.map(Json).ok_or_else(|| HttpError::not_found("no such user"))
}

// Stands for the table.
async fn rename(id: u64, name: String) -> Result<Option<User>, BoxError> {
    match id {
        9 => Ok(None),
        13 => Err("the table is gone".into()),
        66 => panic!("a bug"),
        _ => Ok(Some(User { id, name })),
    }
}
