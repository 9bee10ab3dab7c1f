//! The [`Shop`]: the steps of an order, and their compensations.
//!
//! A state machine may call a step twice, or time out shortly before a step completes. Steps and compensations are
//! therefore idempotent, and a step that arrives after its compensation is rejected.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

use crate::ledger::{Ledger, Outcome, Step};
use crate::order::{
    AlreadyCancelled, Charge, ChargeError, Compensated, LedgerUnavailable, Order, Reservation, ReserveError, ShipError,
    Shipment,
};

/// The countries that the carrier delivers to.
const COUNTRIES: [&str; 3] = ["AT", "CH", "DE"];

/// A shop with a ledger and a bank. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shop {
    ledger: Ledger,
    bank: Bank,
}

impl Shop {
    /// Creates a shop with this ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, bank: Bank::default() }
    }

    /// Takes the units of an order out of the stock.
    ///
    /// # Errors
    ///
    /// [`ReserveError`].
    pub async fn reserve(&self, order: &Order) -> Result<Reservation, ReserveError> {
        match self.ledger.record(Step::Reservation, order).await? {
            Outcome::Done => Ok(Reservation { quantity: order.quantity }),
            Outcome::Compensated => Err(AlreadyCancelled.into()),
            Outcome::OutOfStock => Err(ReserveError::OutOfStock),
        }
    }

    /// Puts the units of an order back into the stock.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn release(&self, order: &Order) -> Result<Compensated, LedgerUnavailable> {
        Ok(Compensated { done: self.ledger.compensate(Step::Reservation, order).await? })
    }

    /// Charges the card.
    ///
    /// # Errors
    ///
    /// [`ChargeError`].
    pub async fn charge(&self, order: &Order) -> Result<Charge, ChargeError> {
        self.bank.authorize(order)?;
        match self.ledger.record(Step::Charge, order).await? {
            Outcome::Compensated => Err(AlreadyCancelled.into()),
            _ => Ok(Charge { cents: order.cents }),
        }
    }

    /// Refunds the charge.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn refund(&self, order: &Order) -> Result<Compensated, LedgerUnavailable> {
        Ok(Compensated { done: self.ledger.compensate(Step::Charge, order).await? })
    }

    /// Hands the parcel to the carrier. This step cannot be compensated.
    ///
    /// # Errors
    ///
    /// [`ShipError`].
    pub async fn ship(&self, order: &Order) -> Result<Shipment, ShipError> {
        if !COUNTRIES.contains(&order.country.as_str()) {
            return Err(ShipError::NotDeliverable);
        }
        self.ledger.record(Step::Shipment, order).await?;
        Ok(Shipment { tracking: format!("{}-{}", order.country, order.id) })
    }

    /// Returns the number of units left of a product, if the ledger is in memory.
    pub fn units_left(&self, product: &str) -> Option<u32> {
        self.ledger.units_left(product)
    }
}

impl FromClients for Shop {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self::new(clients.get().await?))
    }
}

/// A stand-in for the payment provider, with test cards: `tok_declined` is declined, `tok_busy` fails the first attempt
/// per order and process. A real provider receives the order id as idempotency key.
#[derive(Clone, Debug, Default)]
struct Bank(Arc<Mutex<HashSet<String>>>);

impl Bank {
    fn authorize(&self, order: &Order) -> Result<(), ChargeError> {
        let mut attempted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match order.card.as_str() {
            "tok_declined" => Err(ChargeError::CardDeclined),
            "tok_busy" if attempted.insert(order.id.clone()) => Err(ChargeError::BankBusy),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(quantity: u32, card: &str) -> Order {
        let text = |text: &str| text.to_owned();
        Order { id: text("o-1"), product: text("tea"), quantity, cents: 900, card: text(card), country: text("DE") }
    }

    #[tokio::test]
    async fn a_step_is_done_once_and_compensated_once() -> Result<(), BoxError> {
        let (shop, order) = (Shop::new(Ledger::in_memory()), order(4, "tok_visa"));
        for _ in 0..2 {
            assert_eq!(shop.reserve(&order).await?.quantity, 4);
            assert_eq!(shop.units_left("tea"), Some(96));
        }
        assert_eq!([shop.release(&order).await?.done, shop.release(&order).await?.done], [true, false]);
        assert_eq!(shop.units_left("tea"), Some(100));
        Ok(())
    }

    #[tokio::test]
    async fn a_step_that_arrives_after_its_compensation_is_rejected() -> Result<(), BoxError> {
        let (shop, order) = (Shop::new(Ledger::in_memory()), order(4, "tok_visa"));
        assert!(!shop.refund(&order).await?.done && !shop.release(&order).await?.done);
        assert!(matches!(shop.charge(&order).await, Err(ChargeError::AlreadyCancelled(_))));
        assert!(matches!(shop.reserve(&order).await, Err(ReserveError::AlreadyCancelled(_))));
        assert_eq!(shop.units_left("tea"), Some(100));
        Ok(())
    }

    #[tokio::test]
    async fn only_units_in_stock_can_be_reserved() {
        let shop = Shop::new(Ledger::in_memory());
        assert!(matches!(shop.reserve(&order(101, "tok_visa")).await, Err(ReserveError::OutOfStock)));
        assert_eq!((shop.reserve(&order(100, "tok_visa")).await.is_ok(), shop.units_left("tea")), (true, Some(0)));
    }

    #[tokio::test]
    async fn a_busy_bank_charges_on_the_second_attempt() {
        let (shop, order) = (Shop::new(Ledger::in_memory()), order(1, "tok_busy"));
        assert!(matches!(shop.charge(&order).await, Err(ChargeError::BankBusy)));
        assert!(shop.charge(&order).await.is_ok());
    }
}
