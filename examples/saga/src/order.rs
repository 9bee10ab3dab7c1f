//! What an order is, what each step makes of it, and why a step fails.
//!
//! The state machine branches on the names of the errors: `#[derive(ErrorType)]` makes them of the variants.

use pilaster::{BoxError, ErrorType};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a customer ordered. The state machine keeps it for as long as its history: it has a token of a card, and no card.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Each order has another one: its steps are done once.
    pub id: String,
    /// What it is.
    pub product: String,
    /// How many.
    pub quantity: u32,
    /// What it costs.
    pub cents: u32,
    /// How it is paid: what the payment provider gave out for the card.
    pub card: String,
    /// Where it goes: a code of ISO 3166-1.
    pub country: String,
}

/// Units that nobody else can buy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Reservation {
    /// How many.
    pub quantity: u32,
}

/// Money that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Charge {
    /// How much.
    pub cents: u32,
}

/// A parcel that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Shipment {
    /// Its number.
    pub tracking: String,
}

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TakenBack {
    /// Whether there was something: a step that failed halfway may have done nothing.
    pub done: bool,
}

/// The next try may find it well again.
#[derive(Debug, Error, ErrorType)]
#[error("the ledger cannot be reached")]
pub struct LedgerUnavailable(#[source] pub BoxError);

/// The step came after it was taken back: somebody had given up waiting for it.
#[derive(Clone, Copy, Debug, Error, ErrorType)]
#[error("the order was given up before")]
pub struct GivenUp;

/// Why nothing was reserved.
#[derive(Debug, Error, ErrorType)]
pub enum ReserveError {
    /// There are fewer than were ordered.
    #[error("there are not as many left")]
    OutOfStock,
    /// See [`GivenUp`].
    #[error("{0}")]
    #[error_type(transparent)]
    GivenUp(#[from] GivenUp),
    /// See [`LedgerUnavailable`].
    #[error("{0}")]
    #[error_type(transparent)]
    Ledger(#[from] LedgerUnavailable),
}

/// Why nothing was charged.
#[derive(Debug, Error, ErrorType)]
pub enum ChargeError {
    /// The bank does not want to, and will not.
    #[error("the card was declined")]
    CardDeclined,
    /// The next try may find it well again.
    #[error("the bank is busy")]
    BankBusy,
    /// See [`GivenUp`].
    #[error("{0}")]
    #[error_type(transparent)]
    GivenUp(#[from] GivenUp),
    /// See [`LedgerUnavailable`].
    #[error("{0}")]
    #[error_type(transparent)]
    Ledger(#[from] LedgerUnavailable),
}

/// Why nothing was shipped.
#[derive(Debug, Error, ErrorType)]
pub enum ShipError {
    /// No carrier goes there.
    #[error("no carrier goes to this country")]
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

    /// The errors that a state machine branches on, in any of its states.
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
    fn the_state_machine_branches_on_errors_that_there_are() {
        let mut found = BTreeSet::new();
        names(&serde_json::from_str(include_str!("../saga.asl.json")).expect("JSON"), &mut found);
        // Those of Step Functions, of Lambda and of Pilaster.
        found.retain(|name| !name.starts_with("States.") && !name.starts_with("Lambda.") && name != "InvalidEvent");
        let reserve = ReserveError::OutOfStock;
        let ledger = ReserveError::Ledger(LedgerUnavailable("down".into()));
        let [declined, busy] = [ChargeError::CardDeclined, ChargeError::BankBusy];
        let ship = ShipError::NotDeliverable;
        let own =
            [reserve.error_type(), ledger.error_type(), declined.error_type(), busy.error_type(), ship.error_type()];
        assert_eq!(found, own.map(String::from).into());
    }
}
