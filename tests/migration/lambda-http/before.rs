use lambda_http::{Body, Error, Request, RequestExt, RequestPayloadExt, Response};
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

pub(crate) async fn function_handler(event: Request) -> Result<Response<Body>, Error> {
    let id = event.path_parameters().first("id").ok_or("no id")?.parse()?;
    let Some(Rename { name }) = event.payload()? else {
        return Ok(Response::builder().status(400).body("no JSON".into())?);
    };
    let Some(user) = rename(id, name).await? else {
        return Ok(Response::builder().status(404).body("no such user".into())?);
    };
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(serde_json::to_string(&user)?.into())?)
}

// Stands for the table.
async fn rename(id: u64, name: String) -> Result<Option<User>, Error> {
    match id {
        9 => Ok(None),
        13 => Err("the table is gone".into()),
        66 => panic!("a bug"),
        _ => Ok(Some(User { id, name })),
    }
}
