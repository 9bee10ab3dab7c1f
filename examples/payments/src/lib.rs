//! Payments that charge each order of a customer once, whichever way they come.

pub mod money;
pub mod provider;

use crate::money::Money;
use crate::provider::Outcome::{self, Charged, Declined};
use pilaster::http::ToHttpError;
use pilaster::table::{Key, Table, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MAX_TOTAL: i64 = 1_000_000; // In minor units. A larger total needs the approval of a person.
const MAX_ATTEMPTS: usize = 20; // Per order: an attacker who tests stolen cards has no more, and its entry stays small.
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
    #[error("the payment was declined; another attempt needs a new idempotency key; an order has {MAX_ATTEMPTS}")]
    #[http(status = 402)]
    Declined,
    #[error("it is unknown whether an earlier attempt was charged; do not repeat it before a person has reconciled it")]
    #[http(status = 409)]
    Unknown,
    #[error("the payment provider failed; repeat the request to learn the outcome")]
    #[http(status = 503)]
    Provider(#[source] BoxError),
}

/// The ledger, with one entry for each order of a customer, and the deployment's name, a part of the ids of its charges.
#[derive(Clone)]
pub struct Payments(pub Table, pub String);

impl FromClients for Payments {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let deployment = clients.env_or("DEPLOYMENT", async |name| Ok(name), || "local".to_owned()).await?;
        Ok(Self(Table::from_env(clients, "LEDGER_TABLE").await?, deployment))
    }
}

impl Payments {
    /// Writes the intent, lets the provider charge, and writes the outcome. If there is an intent already, its call was
    /// interrupted or runs right now: this one continues with the same charge id, for which the provider charges once.
    pub async fn pay(&self, customer: &str, Order { order_id, total }: Order, id: &str) -> Result<Payment, BoxError> {
        if !(1..=MAX_TOTAL).contains(&total.amount) {
            return Err(PaymentError::OutOfRange.into());
        }
        let id: String = Sha256::digest(format!("{}/{id}", self.1)).iter().map(|byte| format!("{byte:02x}")).collect();
        let key = Key::new(format!("customer#{customer}"), format!("order#{order_id}"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let new = Payment { order_id, total, charge_id: id.clone(), intended_at: now, outcome: None, attempts: vec![] };
        let intend = async |items: Transaction| {
            let mut payment = match items.get::<Payment>(&key).await? {
                Some(found) if found.outcome == Some(Charged) || found.attempts.contains(&id) => return Ok(found),
                Some(found) if found.attempts.len() >= MAX_ATTEMPTS => return Ok(found),
                Some(found) if found.outcome.is_none() => found,
                found => Payment { attempts: found.map_or_else(Vec::new, |found| found.attempts), ..new.clone() },
            };
            payment.attempts.push(id.clone());
            items.put(&key, &payment).map(|()| payment)
        };
        let mut payment = self.0.atomically(intend).await?;
        if payment.outcome != Some(Declined) && payment.total != total {
            return Err(PaymentError::OtherTotal.into());
        }
        if payment.outcome.is_none() {
            if now.abs_diff(payment.intended_at) > provider::KEY_LIFETIME {
                tracing::error!(order_id, charge_id = payment.charge_id, "the outcome of an old charge is unknown");
                return Err(PaymentError::Unknown.into());
            }
            let charge = tokio::time::timeout(CALL_TIMEOUT, provider::charge(&self.0, &payment.charge_id, total));
            let log = |_: &_| tracing::error!(order_id, charge_id = payment.charge_id, "a charge has no outcome yet");
            let outcome = charge.await.map_err(BoxError::from).flatten().inspect_err(log);
            payment.outcome = Some(outcome.map_err(PaymentError::Provider)?);
            let settle = async |items: Transaction| match items.get::<Payment>(&key).await? {
                Some(found) if found.charge_id != payment.charge_id => Ok(()),
                found => items.put(&key, &Payment { outcome: payment.outcome, ..found.unwrap_or(payment.clone()) }),
            };
            self.0.atomically(settle).await?;
        }
        if payment.outcome == Some(Declined) { Err(PaymentError::Declined.into()) } else { Ok(payment) }
    }
}
