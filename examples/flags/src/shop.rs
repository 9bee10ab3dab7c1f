//! What is sold, to whom, and for how much. No HTTP, no AppConfig.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// In cents.
const PRICES: [(&str, u32); 3] = [("umbrella", 2_000), ("raincoat", 7_500), ("boots", 4_999)];

/// Who asks: what the rules of the flags are about.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Shopper {
    /// `premium`, or nothing.
    pub tier: Option<String>,
    /// The customer's number.
    pub customer: Option<u64>,
}

/// What the flags say for a shopper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// In per cent.
    pub discount: u8,
    /// Whether the shopper sees the new check-out.
    pub new_checkout: bool,
    /// Whether shipping costs nothing.
    pub free_shipping: bool,
}

/// What a shopper is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// The article.
    pub sku: &'static str,
    /// In cents.
    pub price: u32,
    /// In cents.
    pub shipping: u32,
    /// Where to buy it.
    pub checkout: &'static str,
}

impl Offer {
    /// The offer of an article on these terms.
    ///
    /// # Errors
    ///
    /// It is not sold here.
    pub fn of(sku: &str, terms: Terms) -> Result<Self, NotSold> {
        let (sku, price) = PRICES.into_iter().find(|(known, _)| *known == sku).ok_or(NotSold)?;
        Ok(Self {
            sku,
            price: price - price * u32::from(terms.discount.min(100)) / 100,
            shipping: if terms.free_shipping { 0 } else { 490 },
            checkout: if terms.new_checkout { "/v2/checkout" } else { "/checkout" },
        })
    }
}

/// There is no such article.
#[derive(Clone, Copy, Debug, Error)]
#[error("there is no such article")]
pub struct NotSold;
