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

/// The most events that one write applies.
const PAGE: u64 = 100;

/// Returns the sort key of an event: 20 digits, so that DynamoDB sorts by number.
pub fn sort_key(sequence: u64) -> String {
    format!("{sequence:020}")
}

impl Account {
    /// Applies the next event. Any other one, or one in another currency, changes nothing and returns `false`.
    fn apply(&mut self, sort: &str, event: &Event) -> bool {
        let sum = self.balance.map_or(Some(event.money), |balance| balance.checked_add(event.money));
        let Some(sum) = sum.filter(|_| sort == sort_key(self.sequence + 1)) else { return false };
        self.owner = event.owner.clone().or(self.owner.take());
        (self.balance, self.sequence) = (Some(sum), self.sequence + 1);
        true
    }
}

impl Projection {
    /// Applies an event once, and with it the events before and after it that are in the events table. If one before it
    /// is missing or invalid, only those before that one are applied, and that is an error.
    pub async fn apply(&self, id: &str, sort: &str, event: &Event) -> Result<(), BoxError> {
        let sequence = sort.parse::<u64>().ok().filter(|sequence| *sequence > 0 && sort == sort_key(*sequence));
        let sequence = sequence.ok_or("the sort key of an event must be its sequence, as 20 digits")?;
        loop {
            let step = async |transaction: Transaction| {
                let mut account = transaction.get::<Account>(id).await?.unwrap_or_default();
                let before = account.sequence;
                account.apply(sort, event);
                let found = self.apply_next(id, &mut account, PAGE).await;
                if account.sequence > before {
                    transaction.put(id, &account)?;
                }
                Ok::<_, TableError>((before, account.sequence, found))
            };
            let (before, now, found) = self.accounts.atomically(step).await?;
            tracing::info!(account = id, before, now, "the account is at this sequence");
            if found? < PAGE || now == before {
                return if now >= sequence { Ok(()) } else { Err(failed(now + 1)) };
            }
        }
    }

    /// Computes an account from all of its events and replaces it, while [`apply`](Self::apply) may run. If an event is
    /// missing or invalid, the account is unchanged, and that is an error.
    pub async fn rebuild(&self, id: &str) -> Result<u64, BoxError> {
        let mut folded = Account::default();
        self.apply_all(id, &mut folded).await?;
        let folded = Some(folded).filter(|account| account.sequence > 0).ok_or_else(|| failed(1))?;
        let replace = async |transaction: Transaction| {
            // Only as a condition of the write: the stored account may have an earlier layout.
            transaction.get::<Value>(id).await?;
            let mut account = folded.clone();
            self.apply_all(id, &mut account).await?;
            transaction.put(id, &account)?;
            Ok(account.sequence)
        };
        self.accounts.atomically(replace).await
    }

    /// Compares an account with its events. It is an error if one of them was changed or removed after it was applied.
    pub async fn verify(&self, id: &str) -> Result<(), BoxError> {
        let stored = self.accounts.get::<Account>(id).await?.unwrap_or_default();
        let mut folded = Account::default();
        while folded.sequence < stored.sequence {
            let before = folded.sequence;
            self.apply_next(id, &mut folded, PAGE.min(stored.sequence - before)).await?;
            if folded.sequence == before {
                break;
            }
        }
        let error =
            "an event of the account was changed or removed after it was applied: restore it, or rebuild the account";
        if folded == stored { Ok(()) } else { Err(error.into()) }
    }

    async fn apply_all(&self, id: &str, account: &mut Account) -> Result<(), BoxError> {
        loop {
            let before = account.sequence;
            match self.apply_next(id, account, PAGE).await? {
                0 => return Ok(()),
                found if account.sequence == before + found => {}
                _ => return Err(failed(account.sequence + 1)),
            }
        }
    }

    /// Applies the next events of the events table, up to a missing or invalid one. Returns how many it has found.
    async fn apply_next(&self, id: &str, account: &mut Account, most: u64) -> Result<u64, TableError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let next = self.events.query::<Value>(id).after(&sort_key(account.sequence)).limit(most).send().await?;
        for found in &next {
            let event = Event::deserialize(&found.value);
            if !event.is_ok_and(|event| account.apply(found.key.sort(), &event)) {
                break;
            }
        }
        Ok(next.len() as u64)
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
