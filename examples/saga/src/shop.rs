//! The [`Shop`]: the steps that run an order, and those that cancel it.
//!
//! All of them are idempotent, since a state machine repeats a call whose answer was lost. A step that arrives after the
//! order was cancelled is refused, since a call may still run when the state machine no longer waits for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::table::Table;
use pilaster::{BoxError, Clients, FromClients};
use tokio::time::timeout;

use crate::order::{Order, Progress, Stage, StepError};
use crate::provider;

/// For how long the provider is waited for: half of the function's time, so that the rest is for the ledger.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A shop, whose ledger and whose stand-in for a provider are in a table. Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    pub(crate) table: Table,
    /// The name of the deployment, so that two of them may have one account at the provider.
    pub(crate) deployment: String,
}

impl Shop {
    /// Creates a shop with this table, for the deployment with this name.
    pub fn new(table: Table, deployment: impl Into<String>) -> Self {
        Self { table, deployment: deployment.into() }
    }

    /// Returns the key by which the provider knows the payment of an order.
    fn payment_key(&self, order: &Order) -> String {
        format!("{}/{}", self.deployment, order.id)
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

    /// Charges the card: records the intent, asks the provider with the key of the order, records the outcome. A
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
        let key = self.payment_key(order);
        let charge = timeout(CALL_TIMEOUT, provider::charge(&self.table, &key, order.total, &order.card));
        charge.await.unwrap_or(Err(StepError::ProviderUnavailable))?;
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

    /// Cancels the order and its payment. The provider knows by the key of the order whether the card was charged.
    pub async fn refund(&self, order: &Order) -> Result<Progress, StepError> {
        self.record(order, cancel).await?;
        let key = self.payment_key(order);
        let cancelled = timeout(CALL_TIMEOUT, provider::cancel(&self.table, &key)).await;
        let refunded = cancelled.unwrap_or(Err(StepError::ProviderUnavailable))?;
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
        let deployment = clients.env_or("DEPLOYMENT", async |name| Ok(name), || "local".to_owned()).await?;
        Ok(Self::new(table, deployment))
    }
}
