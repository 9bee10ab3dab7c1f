//! What happens to an order, and what is to be done about it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest invoice that is written without a person looking at it, in cents.
pub const LARGEST: u32 = 1_000_000;

/// An order: the message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Each order has another one.
    pub id: String,
    /// The customer's address.
    pub email: String,
    /// What it is.
    pub product: String,
    /// How many.
    pub quantity: u32,
    /// What it costs.
    pub cents: u32,
}

/// What happened: the message's attribute `kind`, by which the topic chooses the queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was ordered.
    Placed,
    /// It was paid.
    Paid,
    /// It will be neither.
    Cancelled,
}

/// The attribute `kind` says something else.
#[derive(Clone, Debug, Error)]
#[error("{0:?} is nothing that happens to an order")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        match text {
            "placed" => Ok(Self::Placed),
            "paid" => Ok(Self::Paid),
            "cancelled" => Ok(Self::Cancelled),
            other => Err(UnknownKind(other.to_owned())),
        }
    }
}

/// A person has to look at it.
#[derive(Clone, Copy, Debug, Error)]
#[error("an invoice of more than {LARGEST} cents: a person has to look at it")]
pub struct TooMuch;

/// What the customer is told.
pub fn letter(kind: Kind, order: &Order) -> String {
    let Order { id, product, quantity, .. } = order;
    match kind {
        Kind::Placed => format!("We have your order {id}: {quantity} x {product}."),
        Kind::Paid => format!("We have your money for the order {id}."),
        Kind::Cancelled => format!("Your order {id} is cancelled."),
    }
}

/// The invoice.
///
/// # Errors
///
/// [`TooMuch`].
pub fn invoice(order: &Order) -> Result<String, TooMuch> {
    match order.cents {
        cents if cents > LARGEST => Err(TooMuch),
        cents => Ok(format!("{} x {}: {}.{:02} EUR", order.quantity, order.product, cents / 100, cents % 100)),
    }
}

/// By how much the stock changes: by nothing when it is paid, since it went out when it was placed.
pub fn movement(kind: Kind, order: &Order) -> Option<i64> {
    match kind {
        Kind::Placed => Some(-i64::from(order.quantity)),
        Kind::Paid => None,
        Kind::Cancelled => Some(i64::from(order.quantity)),
    }
}
