//! The [`Warehouse`], which ships each order once.

use std::time::{SystemTime, UNIX_EPOCH};

use pilaster::table::{PutIfAbsent, Table, TableError};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest quantity that is shipped without manual review.
pub(crate) const MAX_QUANTITY: u32 = 1_000;

/// An order of a customer: the body of a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Order {
    /// Unique; each order ships once.
    pub(crate) id: String,
    /// The customer; in the FIFO queue, also the message group.
    pub(crate) customer: String,
    pub(crate) product: String,
    pub(crate) quantity: u32,
}

/// A shipped order, with the key `shipment#ID`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Shipment {
    pub(crate) order: Order,
    pub(crate) shipped_at_ms: u64,
}

/// The reason why an order was not shipped.
#[derive(Debug, Error)]
pub(crate) enum ShipError {
    #[error("the quantity is zero")]
    NothingOrdered,
    #[error("the quantity exceeds {MAX_QUANTITY}: the order needs manual review")]
    TooMany,
    #[error("an order with this id and other content was shipped: the order needs manual review")]
    OtherContent,
    #[error("the warehouse is unavailable")]
    Unavailable(#[from] TableError),
}

/// The warehouse: a table of shipments.
#[derive(Clone, Debug)]
pub(crate) struct Warehouse(pub(crate) Table);

impl Warehouse {
    /// Ships an order. Returns `false` if it was already shipped.
    ///
    /// A queue may deliver a message more than once, also at the same time. One conditional write is the whole effect, so
    /// that a crash or a timeout leaves either nothing or the shipment.
    pub(crate) async fn ship(&self, order: &Order) -> Result<bool, ShipError> {
        match order.quantity {
            0 => return Err(ShipError::NothingOrdered),
            1..=MAX_QUANTITY => {}
            _ => return Err(ShipError::TooMany),
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let shipped_at_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let shipment = Shipment { order: order.clone(), shipped_at_ms };
        match self.0.put_if_absent(format!("shipment#{}", order.id), &shipment).await? {
            PutIfAbsent::Stored => Ok(true),
            PutIfAbsent::Present(shipped) if shipped.order == *order => Ok(false),
            PutIfAbsent::Present(_) => Err(ShipError::OtherContent),
        }
    }
}

impl FromClients for Warehouse {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TABLE_NAME").await?))
    }
}
