//! Orders whose changes are announced: one transaction writes an order and the event that announces its change.

use std::time::{Duration, SystemTime};

use pilaster::table::{Item, Table, TableError, Transaction};
use pilaster::{BoxError, Clients, ErrorType, FromClients};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The time for which an event stays in the table, to be published again.
const RETENTION: Duration = Duration::from_secs(30 * 86_400);

/// What has happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The first status.
    Placed,
    /// Follows `Placed`.
    Paid,
    /// Follows `Paid`.
    Shipped,
    /// Follows `Placed` or `Paid`.
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
    /// The present status of the order does not allow it.
    #[error("an order does not get this status after its present one")]
    StatusNotAllowed,
    /// The table could not be read or written.
    #[error("the table is unavailable: try again later")]
    TableUnavailable(#[from] TableError),
}

/// The orders and their events, in the table that `ORDERS_TABLE` names. Cheap to clone.
#[derive(Clone)]
pub struct Orders(pub Table);

impl Orders {
    /// Sets the status of an order, and stores the event that announces it. Returns `None`, and stores nothing, if the
    /// order has this status: the answer to an earlier request may have been lost.
    ///
    /// # Errors
    ///
    /// [`OrderError`].
    pub async fn set_status(&self, order: &str, status: Status) -> Result<Option<Event>, OrderError> {
        let partition = format!("order#{order}");
        let work = async |transaction: Transaction| {
            let before = transaction.get::<Order>((partition.as_str(), "order")).await?;
            let events = match (before, status) {
                (Some(before), _) if before.status == status => return Ok(None),
                (None, Status::Placed) => 0,
                (Some(Order { status: Status::Placed, events }), Status::Paid | Status::Cancelled)
                | (Some(Order { status: Status::Paid, events }), Status::Shipped | Status::Cancelled) => events,
                _ => return Err(OrderError::StatusNotAllowed),
            };
            let number = events + 1;
            let event = Event { id: format!("{order}/{number}"), order: order.to_owned(), number, status };
            let item = Item::new((partition.as_str(), format!("event#{number:06}")), &event)?;
            transaction.put_item(item.expires_at(SystemTime::now() + RETENTION))?;
            transaction.put((partition.as_str(), "order"), &Order { status, events: number })?;
            Ok(Some(event))
        };
        self.0.atomically(work).await
    }
}

impl FromClients for Orders {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "ORDERS_TABLE").await?))
    }
}
