//! The events of an order, and the resulting e-mail, invoice and stock change.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest invoice that is issued without manual review, in cents.
pub const MAX_INVOICE_CENTS: u32 = 1_000_000;

/// An order: the body of the message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Unique.
    pub id: String,
    /// The customer's e-mail address.
    pub email: String,
    /// The product.
    pub product: String,
    /// The number of units.
    pub quantity: u32,
    /// The price in cents.
    pub cents: u32,
}

/// The kind of an event: the message attribute `kind`, by which the subscriptions filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The order was placed.
    Placed,
    /// The order was paid.
    Paid,
    /// The order was cancelled.
    Cancelled,
}

/// The attribute `kind` has an unknown value.
#[derive(Clone, Debug, Error)]
#[error("unknown event kind {0:?}")]
pub struct UnknownKind(String);

impl FromStr for EventKind {
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

/// The invoice needs manual review.
#[derive(Clone, Copy, Debug, Error)]
#[error("the invoice exceeds {MAX_INVOICE_CENTS} cents and needs manual review")]
pub struct InvoiceTooLarge;

/// Returns the text of the e-mail to the customer.
pub fn email_body(kind: EventKind, order: &Order) -> String {
    let Order { id, product, quantity, .. } = order;
    match kind {
        EventKind::Placed => format!("We have received your order {id}: {quantity} x {product}."),
        EventKind::Paid => format!("We have received your payment for order {id}."),
        EventKind::Cancelled => format!("Your order {id} has been cancelled."),
    }
}

/// Returns the text of the invoice.
///
/// # Errors
///
/// [`InvoiceTooLarge`].
pub fn invoice(order: &Order) -> Result<String, InvoiceTooLarge> {
    match order.cents {
        cents if cents > MAX_INVOICE_CENTS => Err(InvoiceTooLarge),
        cents => Ok(format!("{} x {}: {}.{:02} EUR", order.quantity, order.product, cents / 100, cents % 100)),
    }
}

/// Returns the change of the stock; `None` for a payment, since the stock changes when the order is placed.
pub fn stock_change(kind: EventKind, order: &Order) -> Option<i64> {
    match kind {
        EventKind::Placed => Some(-i64::from(order.quantity)),
        EventKind::Paid => None,
        EventKind::Cancelled => Some(i64::from(order.quantity)),
    }
}
