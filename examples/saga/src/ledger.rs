//! Which steps of which orders are done, and what is left of each product: [`Ledger`], over memory or DynamoDB.

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
    /// It takes units out of the stock.
    Reservation,
    /// It takes money.
    Charge,
    /// It cannot be taken back.
    Shipment,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is done, now or before.
    Done,
    /// It was taken back before, and is not done any more.
    TakenBack,
    /// There are not enough units.
    TooFew,
}

impl Step {
    /// The key of an order's step.
    fn key(self, order: &Order) -> String {
        let step = match self {
            Self::Reservation => "reservation",
            Self::Charge => "charge",
            Self::Shipment => "shipment",
        };
        format!("{step}#{}", order.id)
    }

    /// How many units it moves.
    fn units(self, order: &Order) -> u32 {
        if self == Self::Reservation { order.quantity } else { 0 }
    }
}

/// A ledger. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<Mutex<Books>>),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::DynamoDb),
}

#[derive(Debug)]
struct Books {
    /// By the key of the step, whether it stands.
    steps: HashMap<String, bool>,
    stock: HashMap<String, u32>,
}

impl Ledger {
    /// A ledger with 100 units of tea, which it forgets when the process ends.
    pub fn in_memory() -> Self {
        let books = Books { steps: HashMap::new(), stock: HashMap::from([("tea".to_owned(), 100)]) };
        Self(Kind::Memory(Arc::new(Mutex::new(books))))
    }

    /// Enters a step, unless it was entered before.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn enter(&self, step: Step, order: &Order) -> Result<Entered, LedgerUnavailable> {
        match &self.0 {
            Kind::Memory(books) => Ok(lock(books).enter(step, order)),
            #[cfg(feature = "aws")]
            Kind::DynamoDb(ledger) => ledger.enter(step, order).await.map_err(LedgerUnavailable),
        }
    }

    /// Takes a step back; whether it stood. One that was never entered cannot be entered any more.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn take_back(&self, step: Step, order: &Order) -> Result<bool, LedgerUnavailable> {
        match &self.0 {
            Kind::Memory(books) => Ok(lock(books).take_back(step, order)),
            #[cfg(feature = "aws")]
            Kind::DynamoDb(ledger) => ledger.take_back(step, order).await.map_err(LedgerUnavailable),
        }
    }

    pub(crate) fn left(&self, product: &str) -> Option<u32> {
        match &self.0 {
            Kind::Memory(books) => lock(books).stock.get(product).copied(),
            #[cfg(feature = "aws")]
            Kind::DynamoDb(_) => None,
        }
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Books {
    fn enter(&mut self, step: Step, order: &Order) -> Entered {
        match self.steps.get(&step.key(order)) {
            Some(true) => return Entered::Done,
            Some(false) => return Entered::TakenBack,
            None => {}
        }
        if let units @ 1.. = step.units(order) {
            let stock = self.stock.entry(order.product.clone()).or_default();
            let Some(left) = stock.checked_sub(units) else { return Entered::TooFew };
            *stock = left;
        }
        self.steps.insert(step.key(order), true);
        Entered::Done
    }

    fn take_back(&mut self, step: Step, order: &Order) -> bool {
        let stood = self.steps.insert(step.key(order), false) == Some(true);
        if stood {
            *self.stock.entry(order.product.clone()).or_default() += step.units(order);
        }
        stood
    }
}

impl FromClients for Ledger {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Kind::DynamoDb(dynamodb::DynamoDb::new(clients.get().await?, table)))),
            // Without a client, orders would silently be forgotten.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: the ledger is in memory, and forgotten when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}
