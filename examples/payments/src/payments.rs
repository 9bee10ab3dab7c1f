//! What a payment is, and what can go wrong with one. No HTTP, no queue.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// The largest amount that is charged without a person looking at it, in cents.
const LARGEST: u32 = 1_000_000;

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// The order that is paid.
    pub order_id: String,
    /// In cents.
    pub amount: u32,
}

/// A payment that was charged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Payment {
    /// The id of the charge: a new one for each.
    pub id: Uuid,
    /// The order that is paid.
    pub order_id: String,
    /// In cents.
    pub amount: u32,
}

impl NewPayment {
    /// The payment, if it may be charged.
    ///
    /// # Errors
    ///
    /// The amount is none or too large.
    pub fn charged(self) -> Result<Payment, Declined> {
        if self.amount == 0 || self.amount > LARGEST {
            return Err(Declined);
        }
        Ok(Payment { id: Uuid::now_v7(), order_id: self.order_id, amount: self.amount })
    }
}

/// The amount cannot be charged.
#[derive(Clone, Copy, Debug, Error)]
#[error("an amount is between 1 and {LARGEST} cents")]
pub struct Declined;
