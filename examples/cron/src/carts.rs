//! The [`Carts`] of a shop, in a DynamoDB table or in memory. They read no clock: the caller passes the times.
//!
//! | `pk` | | in the index |
//! |---|---|---|
//! | `cart#<id>` | a cart | `index_pk` = `carts#<shard>`, `index_sk` = `<seconds of the last change>#<id>` |
//! | `night#<date>` | what was removed in a night | no |

use std::hash::{DefaultHasher, Hash, Hasher};

use pilaster::table::{Item, Table, TableError, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// The number of partitions of the index. Each takes 1,000 writes a second, beyond which DynamoDB throttles the table. A
/// cart that is touched is two writes.
const SHARDS: u64 = 8;

/// The number of carts of one transaction, of the 100 items that it may have.
const PAGE: usize = 50;

/// The carts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Carts(Table);

/// A cart, reduced to what the clean-up needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The id of the cart.
    pub id: String,
    /// The time of the last change, in seconds since 1970.
    pub touched_at: u64,
}

/// What was removed in a night, by all runs of that night.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// The number of removed carts.
    pub removed: u64,
    /// `true` once no cart is left to remove.
    pub finished: bool,
}

impl Carts {
    /// Uses this table; `template.yaml` defines its schema.
    pub fn new(table: Table) -> Self {
        Self(table)
    }

    /// Writes a cart, in place of the one with its id.
    pub async fn put(&self, cart: &Cart) -> Result<(), TableError> {
        let index = (partition(shard(&cart.id)), format!("{}#{}", sort_key(cart.touched_at), cart.id));
        self.0.put_item(Item::new(key(&cart.id), cart)?.index(index)).await
    }

    /// Removes the carts not touched since `before`, page by page while `may_continue` returns `true`, and returns the
    /// result of the night so far. What is left is removed by the next call. Another call for a finished night does nothing.
    pub async fn remove_untouched(
        &self,
        date: &str,
        before: u64,
        may_continue: impl Fn() -> bool,
    ) -> Result<Night, TableError> {
        let mut night: Night = self.0.get(night_key(date)).await?.unwrap_or_default();
        for shard in 0..SHARDS {
            let mut after = String::new();
            loop {
                if night.finished || !may_continue() {
                    return Ok(night);
                }
                // The index is updated with a delay, so a cart that is already removed may be in the next page again.
                let query = self.0.query::<Cart>(partition(shard)).index().before(&sort_key(before)).limit(PAGE);
                let query = if after.is_empty() { query } else { query.after(&after) };
                let page: Vec<Cart> = query.send().await?.into_iter().map(|found| found.value).collect();
                let Some(last) = page.last() else { break };
                after = format!("{}#{}", sort_key(last.touched_at), last.id);
                night = self.remove(date, before, &page).await?;
            }
        }
        self.finish(date).await
    }

    /// Removes those of a page that were not touched in the meantime, and counts them in the same transaction.
    async fn remove(&self, date: &str, before: u64, page: &[Cart]) -> Result<Night, TableError> {
        let remove = async |transaction: Transaction| {
            let mut night: Night = transaction.get(night_key(date)).await?.unwrap_or_default();
            for cart in page {
                let found: Option<Cart> = transaction.get(key(&cart.id)).await?;
                if found.is_some_and(|found| found.touched_at < before) {
                    transaction.delete(key(&cart.id))?;
                    night.removed += 1;
                }
            }
            transaction.put(night_key(date), &night)?;
            Ok::<_, TableError>(night)
        };
        self.0.atomically(remove).await
    }

    async fn finish(&self, date: &str) -> Result<Night, TableError> {
        let finish = async |transaction: Transaction| {
            let night: Option<Night> = transaction.get(night_key(date)).await?;
            let night = Night { finished: true, ..night.unwrap_or_default() };
            transaction.put(night_key(date), &night)?;
            Ok::<_, TableError>(night)
        };
        self.0.atomically(finish).await
    }
}

impl FromClients for Carts {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let carts = Self::new(Table::from_env(clients, "CARTS_TABLE").await?);
        if clients.variables().get("CARTS_TABLE").is_none() {
            let (september, october, november) = (1_756_684_800, 1_761_091_199, 1_763_661_600);
            for (id, touched_at) in [("ada", september), ("bob", october), ("eve", november)] {
                carts.put(&Cart { id: id.to_owned(), touched_at }).await?;
            }
        }
        Ok(carts)
    }
}

fn shard(id: &str) -> u64 {
    // Any spread will do, since a run reads all partitions.
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish() % SHARDS
}

fn partition(shard: u64) -> String {
    format!("carts#{shard}")
}

/// Returns text that sorts by time.
fn sort_key(seconds: u64) -> String {
    format!("{seconds:012}")
}

fn key(id: &str) -> String {
    format!("cart#{id}")
}

fn night_key(date: &str) -> String {
    format!("night#{date}")
}

#[cfg(test)]
mod tests;
