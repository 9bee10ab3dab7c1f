//! The function of each route.

use pilaster::Client;
use pilaster::http::{Claims, EventKind, HttpError, Json, Path, Query, RequestContext};
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
    context: RequestContext,
    chat: Client<Chat>,
    Query(Connect { ticket }): Query<Connect>,
) -> Result<(), HttpError> {
    let is_valid = chat.connect(ticket, &connection(&context)?).await?;
    is_valid.then_some(()).ok_or_else(|| HttpError::forbidden("the ticket is unknown, used or expired"))
}

pub(crate) async fn disconnect(context: RequestContext, chat: Client<Chat>) -> Result<(), HttpError> {
    Ok(chat.disconnect(&connection(&context)?).await?)
}

#[derive(Deserialize)]
pub(crate) struct Message {
    text: String,
}

pub(crate) async fn send_message(
    context: RequestContext,
    chat: Client<Chat>,
    Json(Message { text }): Json<Message>,
) -> Result<Json<Value>, HttpError> {
    let member = chat.member(&connection(&context)?).await?;
    let member = member.ok_or_else(|| HttpError::forbidden("the connection is in no room"))?;
    let message = json!({ "room": member.room, "user": member.user, "text": text });
    Ok(Json(json!({ "connections": chat.send(&member.room, &message.to_string()).await? })))
}

/// Returns the id of the connection. Only an event of the WebSocket API has one.
fn connection(context: &RequestContext) -> Result<String, HttpError> {
    let id = context.get("connectionId").filter(|_| context.kind() == EventKind::WebSocket);
    id.ok_or_else(|| HttpError::bad_request("this is a route of the WebSocket API"))
}
