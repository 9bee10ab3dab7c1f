//! Payments that charge each order of a customer once, whichever way they come.

pub mod money;
pub mod provider;

use pilaster::http::ToHttpError;
use pilaster::table::{Key, Table, TableError, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::money::Money;
use crate::provider::{Outcome, Provider};

/// The largest total that is charged without the approval of a person, in minor units.
const MAX_TOTAL: i64 = 1_000_000;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub order_id: u64,
    pub total: Money,
}

/// An entry of the ledger. Without an outcome, the charge is intended, and perhaps made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub order_id: u64,
    pub total: Money,
    /// The idempotency key for the provider.
    pub charge_id: String,
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Error, ToHttpError)]
pub enum PaymentError {
    #[error("`total.amount` must be 1 to {MAX_TOTAL}; a larger one needs the approval of a person")]
    #[http(status = 422)]
    OutOfRange,
    #[error("the order has a payment with another total")]
    #[http(status = 409)]
    OtherTotal,
    #[error("the payment was declined; another attempt needs a new idempotency key")]
    #[http(status = 402)]
    Declined,
    #[error("the payment provider failed; repeat the request to learn the outcome")]
    #[http(status = 503)]
    Provider(#[source] BoxError),
}

/// The ledger, with one entry for each order of a customer, and the provider.
#[derive(Clone)]
pub struct Payments {
    pub ledger: Table,
    provider: Provider,
}

impl FromClients for Payments {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let ledger = Table::from_env(clients, "LEDGER_TABLE").await?;
        Ok(Self { provider: Provider(ledger.clone()), ledger })
    }
}

impl Payments {
    /// Writes the intent, lets the provider charge, and writes the outcome. If there is an intent already, its call was
    /// interrupted or runs right now: this one continues with the same charge id, for which the provider charges once.
    pub async fn pay(&self, customer: &str, order: Order, charge_id: String) -> Result<Payment, BoxError> {
        let (Order { order_id, total }, declined) = (order, Some(Outcome::Declined));
        if !(1..=MAX_TOTAL).contains(&total.amount) {
            return Err(PaymentError::OutOfRange.into());
        }
        let key = Key::new(format!("customer#{customer}"), format!("order#{order_id}"));
        let intent = Payment { order_id, total, charge_id, outcome: None };
        let is_retried = |found: &Payment| found.outcome == declined && found.charge_id != intent.charge_id;
        let mut payment = self.write(&key, &intent, is_retried).await?;
        if payment.total != total {
            return Err(PaymentError::OtherTotal.into());
        }
        if payment.outcome.is_none() {
            let outcome = self.provider.charge(&payment.charge_id, total).await.map_err(PaymentError::Provider)?;
            payment.outcome = Some(outcome);
            self.write(&key, &payment, |found| found.charge_id == payment.charge_id).await?;
        }
        if payment.outcome == declined { Err(PaymentError::Declined.into()) } else { Ok(payment) }
    }

    /// Writes a payment if the order has none or `replaces` the one that it has, and returns the one that it then has.
    async fn write<R>(&self, key: &Key, payment: &Payment, replaces: R) -> Result<Payment, TableError>
    where
        R: Fn(&Payment) -> bool,
    {
        let work = async |transaction: Transaction| match transaction.get(key).await? {
            Some(found) if !replaces(&found) => Ok(found),
            _ => transaction.put(key, payment).map(|()| payment.clone()),
        };
        self.ledger.atomically(work).await
    }
}
