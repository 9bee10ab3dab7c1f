//! Articles, prices and offers, independent of HTTP and AppConfig.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Prices in cents.
const PRICES: [(&str, u32); 3] = [("umbrella", 2_000), ("raincoat", 7_500), ("boots", 4_999)];

/// The caller, as evaluated by the rules of the flags.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Shopper {
    /// The customer tier, such as `premium`.
    pub tier: Option<String>,
    /// The customer number.
    pub customer: Option<u64>,
}

/// The terms for a shopper, as evaluated by the flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The discount in percent.
    pub discount: u8,
    /// `true` if the shopper is sent to the new checkout.
    pub new_checkout: bool,
    /// `true` if shipping is free.
    pub free_shipping: bool,
}

/// An offer to a shopper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// The article.
    pub sku: &'static str,
    /// The price in cents.
    pub price: u32,
    /// The shipping cost in cents.
    pub shipping: u32,
    /// The path of the checkout.
    pub checkout: &'static str,
}

impl Offer {
    /// Returns the offer of an article on these terms.
    ///
    /// # Errors
    ///
    /// [`ArticleNotFound`].
    pub fn of(sku: &str, terms: Terms) -> Result<Self, ArticleNotFound> {
        let (sku, price) = PRICES.into_iter().find(|(known, _)| *known == sku).ok_or(ArticleNotFound)?;
        Ok(Self {
            sku,
            price: price - price * u32::from(terms.discount.min(100)) / 100,
            shipping: if terms.free_shipping { 0 } else { 490 },
            checkout: if terms.new_checkout { "/v2/checkout" } else { "/checkout" },
        })
    }
}

/// The article does not exist.
#[derive(Clone, Copy, Debug, Error)]
#[error("article not found")]
pub struct ArticleNotFound;
