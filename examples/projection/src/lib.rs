//! Accounts, projected from their events.

pub mod money;

use pilaster::table::{Table, TableError, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::money::Money;

/// A booking, and the owner if it changes. Its key is the id of the account and the [`sort_key`] of its sequence: 1, 2, …
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Event {
    pub money: Money,
    pub owner: Option<String>,
}

/// The account after the event with this sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Account {
    pub sequence: u64,
    pub owner: Option<String>,
    pub balance: Option<Money>,
}

/// The events table, which is only read, and the accounts table.
#[derive(Clone, Debug)]
pub struct Projection {
    pub events: Table,
    pub accounts: Table,
}

/// Returns the sort key of an event: 20 digits, so that DynamoDB sorts by number.
pub fn sort_key(sequence: u64) -> String {
    format!("{sequence:020}")
}

impl Account {
    /// Applies the next event. Any other one, or one in another currency, is an error and changes nothing.
    fn apply(&mut self, sort: &str, event: &Event) -> Result<(), BoxError> {
        let sequence = self.sequence + 1;
        let sum = self.balance.map_or(Some(event.money), |balance| balance.checked_add(event.money));
        self.balance = Some(sum.filter(|_| sort == sort_key(sequence)).ok_or_else(|| failed(sequence))?);
        self.owner = event.owner.clone().or(self.owner.take());
        self.sequence = sequence;
        Ok(())
    }
}

impl Projection {
    /// Applies an event once, after the events before it: those that have not arrived are read from the events table.
    /// If one of them is missing or invalid, the events before it are applied, and that is an error.
    pub async fn apply(&self, id: &str, sort: &str, event: &Event) -> Result<(), BoxError> {
        let sequence = sort.parse::<u64>().ok().filter(|sequence| *sequence > 0 && sort == sort_key(*sequence));
        let sequence = sequence.ok_or("the sort key of an event must be its sequence, as 20 digits")?;
        loop {
            let step = async |transaction: Transaction| {
                let mut account = transaction.get::<Account>(id).await?.unwrap_or_default();
                let before = account.sequence;
                let outcome = match sequence.saturating_sub(before) {
                    0 => Ok(()),
                    1 => account.apply(sort, event),
                    _ => self.catch_up(id, &mut account).await.map(drop),
                };
                if account.sequence > before {
                    transaction.put(id, &account)?;
                }
                Ok::<_, TableError>((before, account.sequence, outcome))
            };
            let (before, now, outcome) = self.accounts.atomically(step).await?;
            tracing::info!(account = id, before, now, "the account is at this sequence");
            match outcome {
                Ok(()) if now >= sequence => return Ok(()),
                Ok(()) if now > before => {}
                outcome => return outcome.and(Err(failed(now + 1))),
            }
        }
    }

    /// Computes an account from all of its events and replaces it, while [`apply`](Self::apply) may run. If an event is
    /// missing or invalid, the account is unchanged, and that is an error.
    pub async fn rebuild(&self, id: &str) -> Result<u64, BoxError> {
        let mut folded = Account::default();
        while self.catch_up(id, &mut folded).await? {}
        let folded = Some(folded).filter(|account| account.sequence > 0).ok_or_else(|| failed(1))?;
        let replace = async |transaction: Transaction| {
            // Only as a condition of the write: the stored account may have an earlier layout.
            transaction.get::<Value>(id).await?;
            let mut account = folded.clone();
            while self.catch_up(id, &mut account).await? {}
            transaction.put(id, &account)?;
            Ok(account.sequence)
        };
        self.accounts.atomically(replace).await
    }

    /// Applies the next 100 events of the events table, and returns `false` if there are none.
    async fn catch_up(&self, id: &str, account: &mut Account) -> Result<bool, BoxError> {
        let next = self.events.query::<Value>(id).after(&sort_key(account.sequence)).limit(100).send().await?;
        for found in &next {
            let event = Event::deserialize(&found.value).map_err(|_| failed(account.sequence + 1))?;
            account.apply(found.key.sort(), &event)?;
        }
        Ok(!next.is_empty())
    }
}

impl FromClients for Projection {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let events = Table::from_env(clients, "EVENTS_TABLE").await?;
        Ok(Self { events, accounts: Table::from_env(clients, "ACCOUNTS_TABLE").await? })
    }
}

fn failed(sequence: u64) -> BoxError {
    format!("event {sequence} of the account is missing in the events table, or invalid: correct it there").into()
}
