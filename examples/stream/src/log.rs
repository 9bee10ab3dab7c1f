//! [`EventLog`]: the events of each order, in a table.

use pilaster::table::{Table, TableError, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// What happened to an order. The ids of an order's events are 1, 2, and so on; that of a new event is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    #[serde(default)]
    pub(crate) id: u64,
    pub(crate) status: Status,
    pub(crate) note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Placed,
    Paid,
    Shipped,
    Delivered,
}

impl Event {
    /// Returns `true` if nothing follows this event.
    pub(crate) fn is_final(&self) -> bool {
        self.status == Status::Delivered
    }
}

/// The events of each order: the partition of an order has an item `event#ID` for each event, and `last`.
#[derive(Clone, Debug)]
pub(crate) struct EventLog(pub(crate) Table);

impl FromClients for EventLog {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TABLE_NAME").await?))
    }
}

impl EventLog {
    /// Appends an event, and returns its id; `None` if the order is delivered. An event that is sent again keeps its id.
    pub(crate) async fn append(&self, order: &str, event: &Event) -> Result<Option<u64>, TableError> {
        // As one transaction, so that no event is visible before one with a smaller id.
        let work = async |transaction: Transaction| {
            let last = transaction.get::<Event>((partition(order), "last")).await?;
            let id = match last {
                Some(last) if (last.status, &last.note) == (event.status, &event.note) => return Ok(Some(last.id)),
                Some(last) if last.is_final() => return Ok(None),
                last => last.map_or(1, |last| last.id + 1),
            };
            let event = Event { id, ..event.clone() };
            transaction.put((partition(order), sort_key(id)), &event)?;
            transaction.put((partition(order), "last"), &event)?;
            Ok(Some(id))
        };
        self.0.atomically(work).await
    }

    /// Returns the last event of an order.
    pub(crate) async fn last(&self, order: &str) -> Result<Option<Event>, TableError> {
        self.0.get((partition(order), "last")).await
    }

    /// Returns the next events of an order after the one with this id, at most 100.
    pub(crate) async fn after(&self, order: &str, id: u64) -> Result<Vec<Event>, TableError> {
        let query = self.0.query(partition(order)).prefix("event#").after(&sort_key(id)).limit(100);
        Ok(query.send().await?.into_iter().map(|found| found.value).collect())
    }
}

fn partition(order: &str) -> String {
    format!("order#{order}")
}

/// Returns the sort key of an event. Its zeros keep the order of the numbers.
pub(crate) fn sort_key(id: u64) -> String {
    format!("event#{id:020}")
}
