//! An order, how far it has come, and why a step fails.

use std::num::NonZeroU32;

use pilaster::ErrorType;
use pilaster::table::TableError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::money::Money;

/// An order of a customer. It has no `Debug`, so that its card token is not logged.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Unique, and the name of the order's execution.
    pub id: String,
    #[serde(deserialize_with = "short")]
    pub product: String,
    pub quantity: NonZeroU32,
    /// The price of all units.
    #[serde(deserialize_with = "positive")]
    pub total: Money,
    /// A token from the payment provider.
    #[serde(deserialize_with = "short")]
    pub card: String,
    /// The country of the destination, by ISO 3166-1.
    #[serde(deserialize_with = "short")]
    pub country: String,
}

/// A larger order could exceed the quota of the state machine after it was charged.
fn short<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() <= 1000 { Ok(text) } else { Err(serde::de::Error::custom("it must have at most 1000 bytes")) }
}

fn positive<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let total = Money::deserialize(deserializer)?;
    if total.amount > 0 { Ok(total) } else { Err(serde::de::Error::custom("the amount must be positive")) }
}

/// How far an order has come. Every step returns it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub stage: Stage,
    /// When the charge was intended, in seconds since 1970.
    pub intended_at: Option<u64>,
    /// The units that are taken out of the stock.
    pub reserved: u64,
    /// The units that are back in stock.
    pub released: u64,
    pub refunded: Option<Money>,
    pub tracking: Option<String>,
}

/// The last step of an order that is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    #[default]
    New,
    OutOfStock,
    Reserved,
    /// The provider may have been asked; its answer is not recorded yet.
    ChargeRequested,
    Charged,
    /// The carrier may have been asked, so the order can no longer be cancelled.
    Shipped,
    /// No further step is done.
    Cancelled,
}

/// The reason why a step failed. The state machine branches on the names of the variants.
#[derive(Debug, Error, ErrorType)]
pub enum StepError {
    #[error("the product is out of stock")]
    OutOfStock,
    #[error("the card was declined")]
    CardDeclined,
    #[error("the payment provider did not answer: try again later")]
    ProviderUnavailable,
    #[error("whether the card was charged is unknown, and the intent is too old to ask again: it is refunded")]
    ChargeUnknown,
    #[error("the carrier does not deliver to this country")]
    NotDeliverable,
    #[error("an order with this id and other content exists: use a new id")]
    OrderDiffers,
    #[error("the order was cancelled")]
    AlreadyCancelled,
    #[error("the order was shipped and cannot be cancelled")]
    AlreadyShipped,
    #[error("an earlier step of the order is not done")]
    StepMissing,
    #[error("the ledger is unavailable: try again later")]
    LedgerUnavailable(#[from] TableError),
}
