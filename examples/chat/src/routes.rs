//! The function of each route.

use pilaster::Client;
use pilaster::http::{Claims, Connection, HttpError, Json, Path, Query};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chat::Chat;

#[derive(Deserialize)]
pub(crate) struct User {
    sub: String,
    #[serde(rename = "cognito:groups", default)] // The rooms that the user may enter, as an administrator says.
    groups: Vec<String>,
}

pub(crate) async fn issue_ticket(
    Claims(user): Claims<User>,
    chat: Client<Chat>,
    Path(room): Path<String>,
) -> Result<Json<Value>, HttpError> {
    if !user.groups.contains(&room) {
        return Err(HttpError::forbidden("the user is not in the group of this room"));
    }
    Ok(Json(json!({ "ticket": chat.issue(user.sub, room).await? })))
}

#[derive(Deserialize)]
pub(crate) struct Connect {
    ticket: Uuid,
}

pub(crate) async fn connect(
    connection: Connection,
    chat: Client<Chat>,
    Query(Connect { ticket }): Query<Connect>,
) -> Result<(), HttpError> {
    let is_valid = chat.connect(ticket, connection.id()).await?;
    is_valid.then_some(()).ok_or_else(|| HttpError::forbidden("the ticket is unknown, used or expired"))
}

pub(crate) async fn disconnect(connection: Connection, chat: Client<Chat>) -> Result<(), HttpError> {
    Ok(chat.disconnect(connection.id()).await?)
}

#[derive(Deserialize)]
pub(crate) struct Message {
    text: String,
}

pub(crate) async fn send_message(
    connection: Connection,
    chat: Client<Chat>,
    Json(Message { text }): Json<Message>,
) -> Result<Json<Value>, HttpError> {
    let member = chat.member(connection.id()).await?;
    let member = member.ok_or_else(|| HttpError::forbidden("the connection is in no room"))?;
    let message = json!({ "room": member.room, "user": member.user, "text": text });
    let sent = chat.send(connection.connections(), &member.room, message.to_string()).await?;
    Ok(Json(json!({ "connections": sent })))
}
