//! The steps of an order, and how they are taken back: [`Shop`].
//!
//! A state machine may ask for a step twice, and may give one up that is done a moment later. So each step is done once, to take
//! it back twice does no more than once, and a step that comes after it was taken back is refused.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};

use crate::ledger::{Entered, Ledger, Step};
use crate::order::{
    Charge, ChargeError, GivenUp, LedgerUnavailable, Order, Reservation, ReserveError, ShipError, Shipment, TakenBack,
};

/// Where the carrier goes.
const COUNTRIES: [&str; 3] = ["AT", "CH", "DE"];

/// A shop with its ledger and its bank. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shop {
    ledger: Ledger,
    bank: Bank,
}

impl Shop {
    /// A shop with this ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, bank: Bank::default() }
    }

    /// Takes the units of an order out of the stock.
    ///
    /// # Errors
    ///
    /// [`ReserveError`].
    pub async fn reserve(&self, order: &Order) -> Result<Reservation, ReserveError> {
        match self.ledger.enter(Step::Reservation, order).await? {
            Entered::Done => Ok(Reservation { quantity: order.quantity }),
            Entered::TakenBack => Err(GivenUp.into()),
            Entered::TooFew => Err(ReserveError::OutOfStock),
        }
    }

    /// Puts the units of an order back into the stock.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn release(&self, order: &Order) -> Result<TakenBack, LedgerUnavailable> {
        Ok(TakenBack { done: self.ledger.take_back(Step::Reservation, order).await? })
    }

    /// Takes the money.
    ///
    /// # Errors
    ///
    /// [`ChargeError`].
    pub async fn charge(&self, order: &Order) -> Result<Charge, ChargeError> {
        self.bank.authorize(order)?;
        match self.ledger.enter(Step::Charge, order).await? {
            Entered::TakenBack => Err(GivenUp.into()),
            _ => Ok(Charge { cents: order.cents }),
        }
    }

    /// Gives the money back.
    ///
    /// # Errors
    ///
    /// [`LedgerUnavailable`].
    pub async fn refund(&self, order: &Order) -> Result<TakenBack, LedgerUnavailable> {
        Ok(TakenBack { done: self.ledger.take_back(Step::Charge, order).await? })
    }

    /// Hands the parcel to the carrier: after that there is no way back.
    ///
    /// # Errors
    ///
    /// [`ShipError`].
    pub async fn ship(&self, order: &Order) -> Result<Shipment, ShipError> {
        if !COUNTRIES.contains(&order.country.as_str()) {
            return Err(ShipError::NotDeliverable);
        }
        self.ledger.enter(Step::Shipment, order).await?;
        Ok(Shipment { tracking: format!("{}-{}", order.country, order.id) })
    }

    /// How many units of a product are left, by a ledger in memory.
    pub fn left(&self, product: &str) -> Option<u32> {
        self.ledger.left(product)
    }
}

impl FromClients for Shop {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self::new(clients.get().await?))
    }
}

/// Stands for the payment provider, and has test cards as one has: `tok_declined` is declined, `tok_busy` finds the bank busy
/// the first time that this process asks for an order. A real one is given the order's id, so that it charges once.
#[derive(Clone, Debug, Default)]
struct Bank(Arc<Mutex<HashSet<String>>>);

impl Bank {
    fn authorize(&self, order: &Order) -> Result<(), ChargeError> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match order.card.as_str() {
            "tok_declined" => Err(ChargeError::CardDeclined),
            "tok_busy" if asked.insert(order.id.clone()) => Err(ChargeError::BankBusy),
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
    async fn a_step_is_done_once_and_taken_back_once() -> Result<(), BoxError> {
        let (shop, order) = (Shop::new(Ledger::in_memory()), order(4, "tok_visa"));
        for _ in 0..2 {
            assert_eq!(shop.reserve(&order).await?.quantity, 4);
            assert_eq!(shop.left("tea"), Some(96));
        }
        assert_eq!([shop.release(&order).await?.done, shop.release(&order).await?.done], [true, false]);
        assert_eq!(shop.left("tea"), Some(100));
        Ok(())
    }

    #[tokio::test]
    async fn a_step_that_comes_after_it_was_taken_back_is_refused() -> Result<(), BoxError> {
        let (shop, order) = (Shop::new(Ledger::in_memory()), order(4, "tok_visa"));
        assert!(!shop.refund(&order).await?.done && !shop.release(&order).await?.done);
        assert!(matches!(shop.charge(&order).await, Err(ChargeError::GivenUp(_))));
        assert!(matches!(shop.reserve(&order).await, Err(ReserveError::GivenUp(_))));
        assert_eq!(shop.left("tea"), Some(100));
        Ok(())
    }

    #[tokio::test]
    async fn no_more_than_there_are_can_be_reserved() {
        let shop = Shop::new(Ledger::in_memory());
        assert!(matches!(shop.reserve(&order(101, "tok_visa")).await, Err(ReserveError::OutOfStock)));
        assert_eq!((shop.reserve(&order(100, "tok_visa")).await.is_ok(), shop.left("tea")), (true, Some(0)));
    }

    #[tokio::test]
    async fn a_busy_bank_charges_at_the_second_try() {
        let (shop, order) = (Shop::new(Ledger::in_memory()), order(1, "tok_busy"));
        assert!(matches!(shop.charge(&order).await, Err(ChargeError::BankBusy)));
        assert!(shop.charge(&order).await.is_ok());
    }
}
