//! Payments and their validation, independent of HTTP and queues.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// The largest amount that is charged without manual review, in cents.
const MAX_AMOUNT: u32 = 1_000_000;

/// A requested payment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// The id of the paid order.
    pub order_id: String,
    /// The amount in cents.
    pub amount: u32,
}

/// A payment that was charged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Payment {
    /// The id of the charge; new for each charge.
    pub id: Uuid,
    /// The id of the paid order.
    pub order_id: String,
    /// The amount in cents.
    pub amount: u32,
}

impl NewPayment {
    /// Validates the amount and returns the payment with a new id.
    ///
    /// # Errors
    ///
    /// The amount is zero or too large.
    pub fn charged(self) -> Result<Payment, InvalidAmount> {
        if self.amount == 0 || self.amount > MAX_AMOUNT {
            return Err(InvalidAmount);
        }
        Ok(Payment { id: Uuid::now_v7(), order_id: self.order_id, amount: self.amount })
    }
}

/// The amount is zero or too large.
#[derive(Clone, Copy, Debug, Error)]
#[error("the amount must be between 1 and {MAX_AMOUNT} cents")]
pub struct InvalidAmount;
