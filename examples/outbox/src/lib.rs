//! Orders whose changes are announced: one transaction writes an order and the event that announces its change.

use pilaster::table::{Table, TableError, Transaction};
use pilaster::{BoxError, Clients, ErrorType, FromClients};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What has happened to an order: it is placed, then paid, then shipped. Until it is shipped, it may be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Placed,
    Paid,
    Shipped,
    Cancelled,
}

/// An event: an order has got a status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Event {
    /// The same whenever the event is published again, so that its receivers can ignore it.
    pub id: String,
    /// The id of the order.
    pub order: String,
    /// 1 for the first event of an order, 2 for the next one: receivers apply them in this order.
    pub number: u32,
    /// The new status.
    pub status: Status,
}

#[derive(Deserialize, Serialize)]
struct Order {
    status: Status,
    /// The number of its events.
    events: u32,
}

/// The reason why an order was not changed.
#[derive(Debug, Error, ErrorType)]
pub enum OrderError {
    #[error("`order` must have 1 to 256 bytes")]
    InvalidOrder,
    #[error("an order does not get this status after its present one")]
    StatusNotAllowed,
    #[error("the table is unavailable: try again later")]
    TableUnavailable(#[from] TableError),
}

/// The orders and their events, in the table that `ORDERS_TABLE` names. Cheap to clone.
#[derive(Clone)]
pub struct Orders(pub Table);

impl Orders {
    /// Sets the status of an order, and stores the event that announces it. Returns `None`, and stores nothing, if the
    /// order has this status, or had it and is not cancelled: the answer to an earlier request may have been lost.
    pub async fn set_status(&self, order: &str, status: Status) -> Result<Option<Event>, OrderError> {
        (1..=256).contains(&order.len()).then_some(()).ok_or(OrderError::InvalidOrder)?;
        let partition = format!("order#{order}");
        let work = async |transaction: Transaction| {
            let before = transaction.get::<Order>((partition.as_str(), "order")).await?;
            let events = match (before, status) {
                (Some(at), _) if at.status == status => return Ok(None),
                (Some(at), _) if at.status > status && at.status != Status::Cancelled => return Ok(None),
                (None, Status::Placed) => 0,
                (Some(Order { status: Status::Placed, events }), Status::Paid | Status::Cancelled)
                | (Some(Order { status: Status::Paid, events }), Status::Shipped | Status::Cancelled) => events,
                _ => return Err(OrderError::StatusNotAllowed),
            };
            let number = events + 1;
            let event = Event { id: format!("{order}/{number}"), order: order.to_owned(), number, status };
            transaction.put((partition.as_str(), format!("event#{number:06}")), &event)?;
            transaction.put((partition.as_str(), "order"), &Order { status, events: number })?;
            Ok(Some(event))
        };
        self.0.atomically(work).await
    }

    /// Deletes an event that was published. The events in the table are thus those that may not have been published.
    pub async fn published(&self, event: &Event) -> Result<(), TableError> {
        self.0.delete((format!("order#{}", event.order), format!("event#{:06}", event.number))).await
    }
}

impl FromClients for Orders {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "ORDERS_TABLE").await?))
    }
}
