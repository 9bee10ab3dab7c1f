//! What an order is, and which ones are shipped.

use pilaster::BoxError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest quantity that is shipped without a person looking at it.
pub const LARGEST: u32 = 1_000;

/// What a customer ordered: the body of a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Each order has another one: it is shipped once.
    pub id: String,
    /// Who gets it. In the FIFO queue it is also the message group.
    pub customer: String,
    /// What it is.
    pub product: String,
    /// How many.
    pub quantity: u32,
}

/// Why an order was not shipped.
#[derive(Debug, Error)]
pub enum ShipError {
    /// It never becomes an order of something.
    #[error("nothing was ordered")]
    NothingOrdered,
    /// It waits in the dead-letter queue for a person.
    #[error("more than {LARGEST} were ordered: a person has to look at it")]
    TooMany,
    /// The next try may find it well again.
    #[error("the warehouse cannot be reached")]
    Warehouse(#[source] BoxError),
}

impl Order {
    /// Whether it goes out.
    ///
    /// # Errors
    ///
    /// [`ShipError::NothingOrdered`], [`ShipError::TooMany`].
    pub fn check(&self) -> Result<(), ShipError> {
        match self.quantity {
            0 => Err(ShipError::NothingOrdered),
            quantity if quantity > LARGEST => Err(ShipError::TooMany),
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
        assert_eq!([0, 1, LARGEST, LARGEST + 1].map(check), [false, true, true, false]);
    }
}
