//! An order, and the rules for shipping it.

use pilaster::BoxError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest quantity that is shipped without manual review.
pub const MAX_QUANTITY: u32 = 1_000;

/// An order of a customer: the body of a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Unique; each order ships once.
    pub id: String,
    /// The customer; in the FIFO queue, also the message group.
    pub customer: String,
    /// The product.
    pub product: String,
    /// The number of units.
    pub quantity: u32,
}

/// The reason why an order was not shipped.
#[derive(Debug, Error)]
pub enum ShipError {
    /// Permanent: the order has no content.
    #[error("the quantity is zero")]
    NothingOrdered,
    /// Ends in the dead-letter queue, for manual review.
    #[error("the quantity exceeds {MAX_QUANTITY}: the order needs manual review")]
    TooMany,
    /// Transient: retry.
    #[error("the warehouse is unavailable")]
    Warehouse(#[source] BoxError),
}

impl Order {
    /// Checks that the order can be shipped.
    ///
    /// # Errors
    ///
    /// [`ShipError::NothingOrdered`], [`ShipError::TooMany`].
    pub fn check(&self) -> Result<(), ShipError> {
        match self.quantity {
            0 => Err(ShipError::NothingOrdered),
            quantity if quantity > MAX_QUANTITY => Err(ShipError::TooMany),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_one_to_the_largest_quantity_is_shipped() {
        let check = |quantity| {
            Order { id: "o-1".into(), customer: "ada".into(), product: "tea".into(), quantity }.check().is_ok()
        };
        assert_eq!([0, 1, MAX_QUANTITY, MAX_QUANTITY + 1].map(check), [false, true, true, false]);
    }
}
