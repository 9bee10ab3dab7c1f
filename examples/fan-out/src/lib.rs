//! What the functions in `bin` share: the messages of the topic, and the table.

pub mod money;

use pilaster::table::Table;
use pilaster::{BoxError, Clients, FromClients, Sns};
use serde::{Deserialize, Serialize};

/// An order: the body of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: String,
    pub email: String,
    pub product: String,
    pub quantity: u32,
    pub total: money::Money,
}

/// What happened to the order: the message attribute `kind`, by which the subscriptions filter.
#[derive(Clone, Copy, Debug)]
pub enum EventKind {
    Placed,
    Paid,
    Cancelled,
}

impl EventKind {
    /// Reads the kind of a message; an error if the attribute is missing or unknown.
    pub fn of(order: &Sns<Order>) -> Result<Self, BoxError> {
        match order.notification.attribute("kind").as_ref().and_then(|kind| kind.as_str()) {
            Some("placed") => Ok(Self::Placed),
            Some("paid") => Ok(Self::Paid),
            Some("cancelled") => Ok(Self::Cancelled),
            _ => Err("the message attribute `kind` must be `placed`, `paid` or `cancelled`".into()),
        }
    }
}

/// The table of the functions.
#[derive(Clone, Debug)]
pub struct Store(pub Table);

impl FromClients for Store {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TABLE_NAME").await?))
    }
}
