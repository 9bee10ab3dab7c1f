//! The [`Ledger`] of completed steps and remaining stock, backed by memory or DynamoDB.

#[cfg(feature = "aws")]
mod dynamodb;

use std::collections::HashMap;
use std::env;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

use crate::order::{LedgerUnavailable, Order};

/// A step of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Takes units out of the stock.
    Reservation,
    /// Charges the card.
    Charge,
    /// Cannot be compensated.
    Shipment,
}

/// The outcome of recording a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The step is done, now or earlier.
    Done,
    /// The step was already compensated and is not done again.
    Compensated,
    /// Not enough units are left.
    OutOfStock,
}

impl Step {
    /// Returns the key of this step of an order.
    fn key(self, order: &Order) -> String {
        let step = match self {
            Self::Reservation => "reservation",
            Self::Charge => "charge",
            Self::Shipment => "shipment",
        };
        format!("{step}#{}", order.id)
    }

    /// Returns the number of units this step takes out of the stock.
    fn units(self, order: &Order) -> u32 {
        if self == Self::Reservation { order.quantity } else { 0 }
    }
}

/// A ledger, in the DynamoDB table named by `TABLE_NAME` or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Mutex<State>>),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::DynamoDb),
}

#[derive(Debug)]
struct State {
    /// Step key to status: `true` if done, `false` if compensated.
    steps: HashMap<String, bool>,
    stock: HashMap<String, u32>,
}

impl Ledger {
    /// Creates a ledger with 100 units of tea that is lost when the process ends.
    pub fn in_memory() -> Self {
        let state = State { steps: HashMap::new(), stock: HashMap::from([("tea".to_owned(), 100)]) };
        Self(Backend::Memory(Arc::new(Mutex::new(state))))
    }

    /// Records a step. Recording it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn record(&self, step: Step, order: &Order) -> Result<Outcome, LedgerUnavailable> {
        match &self.0 {
            Backend::Memory(state) => Ok(lock(state).record(step, order)),
            #[cfg(feature = "aws")]
            Backend::DynamoDb(ledger) => ledger.record(step, order).await.map_err(LedgerUnavailable),
        }
    }

    /// Compensates a step. Returns `false` if there was nothing to compensate. The step cannot be recorded afterwards,
    /// even if it never was.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn compensate(&self, step: Step, order: &Order) -> Result<bool, LedgerUnavailable> {
        match &self.0 {
            Backend::Memory(state) => Ok(lock(state).compensate(step, order)),
            #[cfg(feature = "aws")]
            Backend::DynamoDb(ledger) => ledger.compensate(step, order).await.map_err(LedgerUnavailable),
        }
    }

    pub(crate) fn units_left(&self, product: &str) -> Option<u32> {
        match &self.0 {
            Backend::Memory(state) => lock(state).stock.get(product).copied(),
            #[cfg(feature = "aws")]
            Backend::DynamoDb(_) => None,
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn record(&mut self, step: Step, order: &Order) -> Outcome {
        match self.steps.get(&step.key(order)) {
            Some(true) => return Outcome::Done,
            Some(false) => return Outcome::Compensated,
            None => {}
        }
        if let units @ 1.. = step.units(order) {
            let stock = self.stock.entry(order.product.clone()).or_default();
            let Some(left) = stock.checked_sub(units) else { return Outcome::OutOfStock };
            *stock = left;
        }
        self.steps.insert(step.key(order), true);
        Outcome::Done
    }

    fn compensate(&mut self, step: Step, order: &Order) -> bool {
        let was_done = self.steps.insert(step.key(order), false) == Some(true);
        if was_done {
            *self.stock.entry(order.product.clone()).or_default() += step.units(order);
        }
        was_done
    }
}

impl FromClients for Ledger {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Backend::DynamoDb(dynamodb::DynamoDb::new(clients.get().await?, table)))),
            // Without a client, orders would silently be lost.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: the ledger is kept in memory and lost when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}
