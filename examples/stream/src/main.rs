//! Streams the events of an order as server-sent events. To run it locally: `cargo run -p stream`, and then
//! `curl -N 'http://127.0.0.1:3000/?order=o-1'`

mod log;
mod sse;

#[cfg(test)]
mod tests;

use std::time::Duration;

use pilaster::http::{Body, HeaderMap, HttpError, IntoResponse, Json, Method, Query, Response, StatusCode, header};
use pilaster::{Client, Invocation, lambda_handler};
use serde::Deserialize;

use crate::log::{Event, EventLog};

#[derive(Debug, Deserialize)]
struct Of {
    order: String,
}

/// `GET` follows the events of an order, `POST` appends one. A function URL has no routes.
#[lambda_handler(streaming, warm(Client<EventLog>))]
async fn events(
    Client(log): Client<EventLog>,
    invocation: Invocation,
    method: Method,
    Query(Of { order }): Query<Of>,
    headers: HeaderMap,
    event: Option<Json<Event>>,
) -> Result<Response, HttpError> {
    if order.is_empty() || order.len() > 100 {
        return Err(HttpError::bad_request("the parameter `order` must have 1 to 100 bytes"));
    }
    match (method, event) {
        (Method::POST, Some(Json(event))) => match log.append(&order, &event).await? {
            Some(id) => return Ok((StatusCode::CREATED, [("last-event-id", id.to_string())]).into_response()),
            None => return Err(HttpError::conflict("the order is delivered: it gets no more events")),
        },
        (Method::POST, None) => return Err(HttpError::bad_request("send the event as a JSON body")),
        (Method::GET, _) => {}
        _ => return Err(HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "use GET or POST")),
    }
    let after = headers.get("last-event-id").map_or(Ok(0), |id| id.to_str().unwrap_or_default().parse());
    let after = after.map_err(|_| HttpError::bad_request("the header Last-Event-ID must be the id of an event"))?;
    let last = log.last(&order).await?.ok_or_else(|| HttpError::not_found("there is no such order"))?;
    // An `EventSource` connects again after each response but this one.
    if last.is_final() && last.id <= after {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // Lambda continues when the client goes away, so the timeout in `template.yaml` limits what that costs.
    let time = invocation.remaining().map_or(Duration::from_secs(50), |left| left * 5 / 6);
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(sse::stream(log, order, after, time))).into_response())
}
