//! Notes in a DynamoDB table, or in memory in a local run without `TABLE_NAME`.

use garde::Validate;
use pilaster::http::{Created, HttpError, IdempotencyKey, Json, NoContent, Path, Valid};
use pilaster::table::{PutIfAbsent, Table};
use pilaster::{BoxError, Client, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// All notes are in one partition, which takes 1,000 writes a second. For more, use a partition for each owner.
const PARTITION: &str = "notes";

#[derive(PartialEq, Serialize, Deserialize)]
pub struct Note {
    id: String,
    text: String,
}

#[derive(Deserialize, Validate)]
pub struct Content {
    #[garde(length(chars, min = 1, max = 1000))]
    text: String,
}

#[derive(Clone)]
pub struct Notes(Table);

impl FromClients for Notes {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TABLE_NAME").await?))
    }
}

type Body = Valid<Json<Content>>;

pub async fn list(Client(Notes(table)): Client<Notes>) -> Result<Json<Vec<Note>>, HttpError> {
    let found = table.query(PARTITION).limit(100).send().await?;
    Ok(Json(found.into_iter().map(|found| found.value).collect()))
}

pub async fn create(
    Client(Notes(table)): Client<Notes>,
    key: IdempotencyKey,
    Valid(Json(Content { text })): Body,
) -> Result<Created<Note>, HttpError> {
    // Each attempt has the same id, so that there is one note, even if the response to the first attempt was lost.
    let note = Note { id: key.effect_id("note"), text };
    match table.put_if_absent((PARTITION, &*note.id), &note).await? {
        PutIfAbsent::Present(found) if found != note => Err(HttpError::conflict("this key was used for another note")),
        _ => Ok(Created::at(format!("/notes/{}", note.id), note)),
    }
}

pub async fn read(Client(Notes(table)): Client<Notes>, Path(id): Path<String>) -> Result<Json<Note>, HttpError> {
    let found = table.get((PARTITION, &*id)).await?;
    found.map(Json).ok_or_else(|| HttpError::not_found("note not found"))
}

pub async fn write(
    Client(Notes(table)): Client<Notes>,
    Path(id): Path<String>,
    Valid(Json(Content { text })): Body,
) -> Result<Json<Note>, HttpError> {
    let note = Note { id, text };
    table.put((PARTITION, &*note.id), &note).await?;
    Ok(Json(note))
}

pub async fn delete(Client(Notes(table)): Client<Notes>, Path(id): Path<String>) -> Result<NoContent, HttpError> {
    table.delete((PARTITION, &*id)).await?;
    Ok(NoContent)
}
