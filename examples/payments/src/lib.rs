//! Payments that charge each order of a customer once, whichever way they come.

pub mod money;
pub mod provider;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::http::ToHttpError;
use pilaster::table::{Key, Table, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::money::Money;
use crate::provider::Outcome::{self, Charged, Declined};

const MAX_TOTAL: i64 = 1_000_000; // In minor units. A larger total needs the approval of a person.
const CALL_TIMEOUT: Duration = Duration::from_secs(5); // Half of the function's time: the rest is for the tables.

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
    pub charge_id: String, // The idempotency key for the provider.
    pub intended_at: u64,  // In seconds since 1970.
    pub outcome: Option<Outcome>,
    pub attempts: Vec<String>, // The ids that got this answer: one that was declined is never charged later.
}

#[derive(Debug, thiserror::Error, ToHttpError)]
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
    #[error("it is unknown whether an earlier attempt was charged; do not repeat it before a person has reconciled it")]
    #[http(status = 409)]
    Unknown,
    #[error("the payment provider failed; repeat the request to learn the outcome")]
    #[http(status = 503)]
    Provider(#[source] BoxError),
}

/// The ledger, with one entry for each order of a customer.
#[derive(Clone)]
pub struct Payments(pub Table);

impl FromClients for Payments {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "LEDGER_TABLE").await?))
    }
}

impl Payments {
    /// Writes the intent, lets the provider charge, and writes the outcome. If there is an intent already, its call was
    /// interrupted or runs right now: this one continues with the same charge id, for which the provider charges once.
    pub async fn pay(&self, customer: &str, Order { order_id, total }: Order, id: String) -> Result<Payment, BoxError> {
        if !(1..=MAX_TOTAL).contains(&total.amount) {
            return Err(PaymentError::OutOfRange.into());
        }
        let key = Key::new(format!("customer#{customer}"), format!("order#{order_id}"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let intend = async |transaction: Transaction| {
            let mut payment = match transaction.get::<Payment>(&key).await? {
                Some(found) if found.outcome == Some(Charged) || found.attempts.contains(&id) => return Ok(found),
                Some(found) if found.outcome.is_none() => found,
                found => {
                    let attempts = found.map_or_else(Vec::new, |found| found.attempts);
                    Payment { order_id, total, charge_id: id.clone(), intended_at: now, outcome: None, attempts }
                }
            };
            payment.attempts.push(id.clone());
            transaction.put(&key, &payment).map(|()| payment)
        };
        let mut payment = self.0.atomically(intend).await?;
        if payment.total != total {
            return Err(PaymentError::OtherTotal.into());
        }
        if payment.outcome.is_none() {
            if now.saturating_sub(payment.intended_at) > provider::KEY_LIFETIME {
                tracing::error!(order_id, charge_id = payment.charge_id, "the outcome of an old charge is unknown");
                return Err(PaymentError::Unknown.into());
            }
            let charge = timeout(CALL_TIMEOUT, provider::charge(&self.0, &payment.charge_id, total));
            let outcome = charge.await.map_err(BoxError::from).flatten().map_err(PaymentError::Provider)?;
            payment.outcome = Some(outcome);
            let settle = async |transaction: Transaction| match transaction.get::<Payment>(&key).await? {
                Some(found) if found.charge_id != payment.charge_id => Ok(()),
                found => transaction.put(&key, &Payment { outcome: Some(outcome), ..found.unwrap_or(payment.clone()) }),
            };
            self.0.atomically(settle).await?;
        }
        if payment.outcome == Some(Declined) { Err(PaymentError::Declined.into()) } else { Ok(payment) }
    }
}
