//! Invoices in a DynamoDB table, or in memory in a local run without `TABLE_NAME`.

use pilaster::table::{PutIfAbsent, Table};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// The detail of the event `OrderPaid`.
#[derive(Debug, Deserialize)]
pub struct OrderPaid {
    pub order: String,
    pub cents: u32,
}

/// An invoice, with the key `invoice#ORDER`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub total: String,
    pub paid_at: String,
}

#[derive(Clone)]
pub struct Invoices(pub Table);

impl FromClients for Invoices {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TABLE_NAME").await?))
    }
}

impl Invoices {
    /// Returns the invoice of an order, and whether this call has created it. EventBridge may deliver an event more than
    /// once, and an application may send it twice: an order has one invoice all the same.
    pub async fn create(&self, paid: &OrderPaid, time: &str) -> Result<(Invoice, bool), BoxError> {
        let invoice = Invoice { total: euros(paid.cents), paid_at: time.to_owned() };
        match self.0.put_if_absent(format!("invoice#{}", paid.order), &invoice).await? {
            PutIfAbsent::Stored => Ok((invoice, true)),
            PutIfAbsent::Present(found) if found.total == invoice.total => Ok((found, false)),
            PutIfAbsent::Present(_) => Err("the order has an invoice with another total".into()),
        }
    }
}

pub fn euros(cents: u32) -> String {
    format!("EUR {}.{:02}", cents / 100, cents % 100)
}
