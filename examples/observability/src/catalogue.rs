//! The catalogue of item prices.

use pilaster::table::{Table, TableError};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use crate::money::{Currency, Money};

/// The prices, in the DynamoDB table that `CATALOGUE_TABLE` names. A local run without it has umbrellas only.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue(Table);

#[derive(Serialize, Deserialize)]
struct Item {
    price: Money,
}

impl Catalogue {
    /// Returns the price of an item. The SDK adds a child span for the call of DynamoDB.
    pub(crate) async fn price(&self, item: &str) -> Result<Option<Money>, TableError> {
        let found = self.0.get::<Item>(format!("item#{item}")).instrument(tracing::info_span!("look up", item)).await?;
        Ok(found.map(|item| item.price))
    }
}

impl FromClients for Catalogue {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let table = Table::from_env(clients, "CATALOGUE_TABLE").await?;
        if clients.variables().get("CATALOGUE_TABLE").is_none() {
            table.put("item#umbrella", &Item { price: Money::new(1_990, Currency::Eur) }).await?;
        }
        Ok(Self(table))
    }
}

/// Returns the price of a quantity, with a discount of 10 % for ten or more units; `None` if it is too large.
pub(crate) fn discounted(price: Money, quantity: u32) -> Option<Money> {
    let full = price.checked_mul(quantity.into())?;
    Some(if quantity < 10 { full } else { full.percent(90) })
}
