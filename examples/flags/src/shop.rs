//! Customers, articles and offers, independent of HTTP and AppConfig.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::money::{Currency, Money};

const SHIPPING: Money = Money::new(490, Currency::Eur);

const PRICES: [(&str, Money); 3] = [
    ("umbrella", Money::new(2_000, Currency::Eur)),
    ("raincoat", Money::new(7_500, Currency::Eur)),
    ("boots", Money::new(4_999, Currency::Eur)),
];

/// The verified claims of the caller: the context in which the rules of the flags are evaluated.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Customer {
    /// The customer's tier, such as `premium`.
    #[serde(rename(deserialize = "custom:tier"))]
    tier: Option<String>,
    /// The customer's number.
    #[serde(rename(deserialize = "custom:customer"))]
    customer: Option<u64>,
}

/// A discount in percent. A flag with more than 100 is not a discount, so that the default applies.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "u8")]
pub(crate) struct Discount(u8);

impl TryFrom<u8> for Discount {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, &'static str> {
        if percent > 100 { Err("a discount is at most 100 percent") } else { Ok(Self(percent)) }
    }
}

/// The terms for a customer, as evaluated by the flags.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) discount: Discount,
    pub(crate) new_checkout: bool,
    pub(crate) free_shipping: bool,
}

/// An offer to a customer.
#[derive(Debug, Serialize)]
pub(crate) struct Offer {
    sku: &'static str,
    price: Money,
    shipping: Money,
    checkout: &'static str,
}

impl Offer {
    /// Returns the offer of an article on these terms.
    pub(crate) fn of(sku: &str, terms: Terms) -> Result<Self, ArticleNotFound> {
        let (sku, price) = PRICES.into_iter().find(|(known, _)| *known == sku).ok_or(ArticleNotFound)?;
        Ok(Self {
            sku,
            price: price.percent(100 - terms.discount.0),
            shipping: if terms.free_shipping { Money::new(0, SHIPPING.currency) } else { SHIPPING },
            checkout: if terms.new_checkout { "/v2/checkout" } else { "/checkout" },
        })
    }
}

/// The article does not exist.
#[derive(Debug, Error)]
#[error("article not found")]
pub(crate) struct ArticleNotFound;
