//! Notes of many tenants behind one API. The tenant of a request is a claim of its verified JWT, and nothing else.

mod admission;
mod notes;
mod tenant;
#[cfg(test)]
mod tests;

use axum::{Extension, Router, routing::get};
use pilaster::http::{self, DefaultBodyLimit, HttpError, Json, Jwt, Path, Query};
use pilaster::{Client, IntoService, StartError};
use serde::Deserialize;

use crate::notes::{NewNote, Note, Notes};
use crate::tenant::{Caller, Name, Tenants};

fn main() -> Result<(), StartError> {
    pilaster::run(function())
}

fn function() -> impl IntoService {
    let router = Router::new()
        .route("/notes", get(list)) // Each route is also an event in template.yaml.
        .route("/notes/{name}", get(read).put(write).delete(delete))
        .fallback(async || HttpError::not_found("not found"))
        .method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"))
        .layer(DefaultBodyLimit::max(8_192));
    http::service(router).layer(admission::stack()).warm::<Client<Tenants>>().warm::<Jwt<Caller>>()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    after: Option<Name>,
}

async fn list(notes: Extension<Notes>, Query(list): Query<List>) -> Result<Json<Vec<String>>, HttpError> {
    Ok(Json(notes.list(list.after).await?))
}

async fn read(notes: Extension<Notes>, Path(name): Path<Name>) -> Result<Json<Note>, HttpError> {
    notes.get(&name).await?.map(Json).ok_or_else(|| HttpError::not_found("note not found"))
}

async fn write(notes: Extension<Notes>, Path(name): Path<Name>, Json(note): Json<NewNote>) -> Result<(), HttpError> {
    Ok(notes.put(&name, note).await?)
}

async fn delete(notes: Extension<Notes>, Path(name): Path<Name>) -> Result<(), HttpError> {
    Ok(notes.delete(&name).await?)
}
