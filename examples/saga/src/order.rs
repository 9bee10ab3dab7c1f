//! An order, the result of each step, and the errors of each step.
//!
//! The state machine branches on the error names, which `#[derive(ErrorType)]` derives from the variants.

use pilaster::{BoxError, ErrorType};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An order of a customer. It stays in the execution history, so it contains a card token instead of card data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Unique; each step of an order is done once.
    pub id: String,
    /// The product.
    pub product: String,
    /// The number of units.
    pub quantity: u32,
    /// The price in cents.
    pub cents: u32,
    /// The card token issued by the payment provider.
    pub card: String,
    /// The destination country: an ISO 3166-1 code.
    pub country: String,
}

/// Units reserved for an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Reservation {
    /// The number of units.
    pub quantity: u32,
}

/// A charge to the card.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Charge {
    /// The amount in cents.
    pub cents: u32,
}

/// A parcel handed to the carrier.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Shipment {
    /// The tracking number.
    pub tracking: String,
}

/// The result of a compensation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Compensated {
    /// `false` if there was nothing to compensate: a failed step may have done nothing.
    pub done: bool,
}

/// Transient: retry.
#[derive(Debug, Error, ErrorType)]
#[error("the ledger is unavailable")]
pub struct LedgerUnavailable(#[source] pub BoxError);

/// The step arrived after its compensation, for example after a timeout.
#[derive(Clone, Copy, Debug, Error, ErrorType)]
#[error("the order was already cancelled")]
pub struct AlreadyCancelled;

/// The reason why nothing was reserved.
#[derive(Debug, Error, ErrorType)]
pub enum ReserveError {
    /// Permanent: fewer units are left than were ordered.
    #[error("out of stock")]
    OutOfStock,
    /// See [`AlreadyCancelled`].
    #[error("{0}")]
    #[error_type(transparent)]
    AlreadyCancelled(#[from] AlreadyCancelled),
    /// See [`LedgerUnavailable`].
    #[error("{0}")]
    #[error_type(transparent)]
    Ledger(#[from] LedgerUnavailable),
}

/// The reason why nothing was charged.
#[derive(Debug, Error, ErrorType)]
pub enum ChargeError {
    /// Permanent: the bank declined the card.
    #[error("the card was declined")]
    CardDeclined,
    /// Transient: retry.
    #[error("the bank is busy")]
    BankBusy,
    /// See [`AlreadyCancelled`].
    #[error("{0}")]
    #[error_type(transparent)]
    AlreadyCancelled(#[from] AlreadyCancelled),
    /// See [`LedgerUnavailable`].
    #[error("{0}")]
    #[error_type(transparent)]
    Ledger(#[from] LedgerUnavailable),
}

/// The reason why nothing was shipped.
#[derive(Debug, Error, ErrorType)]
pub enum ShipError {
    /// Permanent: no carrier delivers to the country.
    #[error("no carrier delivers to this country")]
    NotDeliverable,
    /// See [`LedgerUnavailable`].
    #[error("{0}")]
    #[error_type(transparent)]
    Ledger(#[from] LedgerUnavailable),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Collects the errors that any state of a state machine branches on.
    fn names(of: &Value, found: &mut BTreeSet<String>) {
        match of {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| match (name.as_str(), value) {
                ("ErrorEquals", Value::Array(errors)) => {
                    found.extend(errors.iter().filter_map(Value::as_str).map(String::from))
                }
                ("StringEquals", Value::String(error)) => drop(found.insert(error.clone())),
                _ => names(value, found),
            }),
            Value::Array(values) => values.iter().for_each(|value| names(value, found)),
            _ => {}
        }
    }

    #[test]
    fn the_state_machine_branches_only_on_existing_errors() {
        let mut found = BTreeSet::new();
        names(&serde_json::from_str(include_str!("../saga.asl.json")).expect("JSON"), &mut found);
        // Errors of Step Functions, Lambda and Pilaster.
        found.retain(|name| !name.starts_with("States.") && !name.starts_with("Lambda.") && name != "InvalidEvent");
        let reserve = ReserveError::OutOfStock;
        let ledger = ReserveError::Ledger(LedgerUnavailable("down".into()));
        let [declined, busy] = [ChargeError::CardDeclined, ChargeError::BankBusy];
        let ship = ShipError::NotDeliverable;
        let expected =
            [reserve.error_type(), ledger.error_type(), declined.error_type(), busy.error_type(), ship.error_type()];
        assert_eq!(found, expected.map(String::from).into());
    }
}
