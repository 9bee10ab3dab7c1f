//! A stand-in for a payment provider with idempotency keys, such as Adyen or Stripe. Its charges are items of a table.

use crate::money::Money;
use pilaster::BoxError;
use pilaster::table::{PutIfAbsent, Table};
use serde::{Deserialize, Serialize};

pub const KEY_LIFETIME: u64 = 23 * 3600; // In seconds. Stripe may remove a key after 24 hours; one of them is a margin.

pub const DECLINED: i64 = 402; // Totals with a fixed result, as providers have them for tests.
pub const FAILS: i64 = 503; // It is charged, and so is the next one.
pub const HANGS: i64 = 504;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Charged,
    Declined,
}

/// Charges once per key: a repeated request has the outcome of the first one, and no other effect. An adapter returns
/// `Declined` for each definite failure, such as a rejected request, so that another attempt may follow. After an error
/// the outcome is unknown: the order gets no other key, even if the provider has saved the error, until it is reconciled.
pub async fn charge(table: &Table, key: &str, total: Money) -> Result<Outcome, BoxError> {
    let outcome = if total.amount == DECLINED { Outcome::Declined } else { Outcome::Charged };
    let charge = std::collections::BTreeMap::from([("outcome".to_owned(), outcome)]);
    match table.put_if_absent(("provider", key), &charge).await? {
        PutIfAbsent::Stored if total.amount == FAILS => Err("the connection was closed".into()),
        PutIfAbsent::Stored if total.amount == HANGS => std::future::pending().await,
        PutIfAbsent::Stored => Ok(outcome),
        PutIfAbsent::Present(first) => Ok(first["outcome"]),
    }
}
