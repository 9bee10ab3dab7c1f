//! Amounts of money, as integers of the minor unit.

use serde::{Deserialize, Serialize};

/// An amount in the minor unit of its currency: 1999 of `EUR` is € 19.99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The number of minor units, such as cents.
    pub amount: i64,
    /// The currency. Amounts of two currencies are never added.
    pub currency: Currency,
}

/// A currency of ISO 4217 with two decimal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Currency {
    /// Swiss franc.
    Chf,
    /// Euro.
    Eur,
    /// US dollar.
    Usd,
}

impl Money {
    /// Creates an amount from minor units.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Adds two amounts; `None` if their currencies differ, or the sum is too large.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let sum = self.amount.checked_add(other.amount).filter(|_| self.currency == other.currency)?;
        Some(Self::new(sum, self.currency))
    }

    /// Multiplies the amount by a quantity; `None` if the product is too large.
    pub fn checked_mul(self, quantity: i64) -> Option<Self> {
        self.amount.checked_mul(quantity).map(|product| Self::new(product, self.currency))
    }

    /// Returns this percentage of the amount, rounded to the nearest minor unit and half away from zero.
    pub fn percent(self, percent: u8) -> Self {
        let hundredfold = i128::from(self.amount) * i128::from(percent);
        let rounded = (hundredfold + 50 * hundredfold.signum()) / 100;
        // At most 255 % of an `i64`, which saturates.
        let amount = i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX });
        Self::new(amount, self.currency)
    }
}
