//! A chat over a WebSocket API. The same function admits its users over an HTTP API: `POST /tickets/{room}`.

mod chat;
mod routes;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use pilaster::http::{self, DefaultBodyLimit, HttpError};
use pilaster::{Client, IntoService, StartError};

use crate::chat::Chat;

fn main() -> Result<(), StartError> {
    pilaster::run(function())
}

fn function() -> impl IntoService {
    // Each route is also in template.yaml: the ticket's of the HTTP API, the others of the WebSocket API.
    let router = Router::new()
        .route("/tickets/{room}", post(routes::issue_ticket))
        .route("/$connect", get(routes::connect))
        .route("/$disconnect", post(routes::disconnect))
        .route("/sendMessage", post(routes::send_message))
        .fallback(async || HttpError::bad_request("the action must be sendMessage"))
        .layer(DefaultBodyLimit::max(4_096));
    http::service(router).layer(http::Stack::new()).warm::<Client<Chat>>()
}
