//! The [`Shop`]: the steps that run an order, and those that cancel it.
//!
//! All of them are idempotent, since a state machine repeats a call whose answer was lost. A step that arrives after the
//! order was cancelled is refused, since a call may still run when the state machine no longer waits for it.

use std::time::{SystemTime, UNIX_EPOCH};

use pilaster::table::Table;
use pilaster::{BoxError, Clients, FromClients};

use crate::order::{Order, Progress, Stage, StepError};
use crate::provider;

/// A shop, whose ledger and whose stand-in for a provider are in a table. Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    pub(crate) table: Table,
}

impl Shop {
    /// Creates a shop with this table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Takes the units of an order out of the stock.
    pub async fn reserve(&self, order: &Order) -> Result<Progress, StepError> {
        let reserve = |progress: &mut Progress| match progress.stage {
            Stage::New => {
                progress.reserved = order.quantity.get().into();
                Ok(Stage::Reserved)
            }
            Stage::Cancelled => Err(StepError::AlreadyCancelled),
            stage => Ok(stage),
        };
        let progress = self.record(order, reserve).await?;
        if progress.stage == Stage::OutOfStock { Err(StepError::OutOfStock) } else { Ok(progress) }
    }

    /// Charges the card: records the intent, asks the provider with the order's id as the key, records the outcome. A
    /// provider that may have forgotten the key would charge again: it is not asked, and the order is cancelled.
    pub async fn charge(&self, order: &Order) -> Result<Progress, StepError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let request = |progress: &mut Progress| match progress.stage {
            Stage::Reserved => {
                progress.intended_at = Some(now);
                Ok(Stage::ChargeRequested)
            }
            Stage::Cancelled => Err(StepError::AlreadyCancelled),
            Stage::New | Stage::OutOfStock => Err(StepError::StepMissing),
            stage => Ok(stage),
        };
        let progress = self.record(order, request).await?;
        if progress.stage != Stage::ChargeRequested {
            return Ok(progress);
        }
        let is_known = |intended_at| now.abs_diff(intended_at) <= provider::KEY_LIFETIME;
        if !progress.intended_at.is_some_and(is_known) {
            return Err(StepError::ChargeUnknown);
        }
        provider::charge(&self.table, &order.id, order.total, &order.card).await?;
        let record = |progress: &mut Progress| match progress.stage {
            Stage::ChargeRequested => Ok(Stage::Charged),
            Stage::Cancelled => Err(StepError::AlreadyCancelled),
            stage => Ok(stage),
        };
        self.record(order, record).await
    }

    /// Hands the parcel to the carrier. From then on, the order cannot be cancelled.
    pub async fn ship(&self, order: &Order) -> Result<Progress, StepError> {
        let ship = |progress: &mut Progress| match progress.stage {
            Stage::Charged if !["AT", "CH", "DE"].contains(&&*order.country) => Err(StepError::NotDeliverable),
            Stage::Charged | Stage::Shipped => {
                progress.tracking = Some(format!("{}-{}", order.country, order.id));
                Ok(Stage::Shipped)
            }
            Stage::Cancelled => Err(StepError::AlreadyCancelled),
            _ => Err(StepError::StepMissing),
        };
        // Ask your carrier after this, with the order's id as the key: from here on, the order is never refunded.
        self.record(order, ship).await
    }

    /// Cancels the order and its payment. The provider knows by the order's id whether the card was charged.
    pub async fn refund(&self, order: &Order) -> Result<Progress, StepError> {
        self.record(order, cancel).await?;
        let refunded = provider::cancel(&self.table, &order.id).await?;
        let record = |progress: &mut Progress| {
            progress.refunded = refunded;
            cancel(progress)
        };
        self.record(order, record).await
    }

    /// Cancels the order, and puts the units that are recorded as reserved back into the stock.
    pub async fn release(&self, order: &Order) -> Result<Progress, StepError> {
        let release = |progress: &mut Progress| {
            (progress.released, progress.reserved) = (progress.released + progress.reserved, 0);
            cancel(progress)
        };
        self.record(order, release).await
    }
}

fn cancel(progress: &mut Progress) -> Result<Stage, StepError> {
    match progress.stage {
        Stage::Shipped => Err(StepError::AlreadyShipped),
        _ => Ok(Stage::Cancelled),
    }
}

impl FromClients for Shop {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let table = Table::from_env(clients, "LEDGER_TABLE").await?;
        if std::env::var_os("LEDGER_TABLE").is_none() {
            // The table of a local run is empty at first.
            table.put("stock#tea", &serde_json::json!({ "units": 100 })).await?;
        }
        Ok(Self::new(table))
    }
}
