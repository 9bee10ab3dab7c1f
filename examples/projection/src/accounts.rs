//! Where the read model is: [`Accounts`], over memory or DynamoDB.

#[cfg(feature = "aws")]
mod dynamodb;

use std::collections::HashMap;
use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};
use thiserror::Error;

use crate::account::{Account, Event, Gap};

/// Accounts, in the DynamoDB table that `TABLE_NAME` names, or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Memory(Arc<Mutex<HashMap<String, Account>>>),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::DynamoDb),
}

/// Why an event is not counted. Each of these may be gone at the next try.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant is its type")]
pub enum ProjectError {
    #[error("{0}")]
    Gap(#[from] Gap),
    #[error("somebody else was at the account {0:?}")]
    Contended(String),
    #[error("the read model cannot be reached")]
    Store(#[source] BoxError),
}

impl Accounts {
    /// Accounts that are forgotten when the process ends.
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Arc::default()))
    }

    /// Counts an event, once and in its turn; the account, unless the event was counted before.
    ///
    /// What was read is the condition of the write: of two who count at once, one has to begin anew.
    ///
    /// # Errors
    ///
    /// [`ProjectError`].
    pub async fn count(&self, event: &Event) -> Result<Option<Account>, ProjectError> {
        let before = self.get(&event.account).await?;
        let last = before.as_ref().map(|account| account.version);
        let Some(account) = Account::after(before, event)? else { return Ok(None) };
        match self.replace(last, &account).await? {
            true => Ok(Some(account)),
            false => Err(ProjectError::Contended(account.account)),
        }
    }

    /// An account, if anything happened to it.
    ///
    /// # Errors
    ///
    /// [`ProjectError::Store`].
    pub async fn get(&self, account: &str) -> Result<Option<Account>, ProjectError> {
        match &self.0 {
            Kind::Memory(accounts) => Ok(accounts.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()),
            #[cfg(feature = "aws")]
            Kind::DynamoDb(accounts) => accounts.get(account).await.map_err(ProjectError::Store),
        }
    }

    /// Writes an account in place of the one of this version; whether that one was there.
    async fn replace(&self, last: Option<u64>, account: &Account) -> Result<bool, ProjectError> {
        match &self.0 {
            Kind::Memory(accounts) => {
                let mut accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
                let is_same = accounts.get(&account.account).map(|account| account.version) == last;
                if is_same {
                    accounts.insert(account.account.clone(), account.clone());
                }
                Ok(is_same)
            }
            #[cfg(feature = "aws")]
            Kind::DynamoDb(accounts) => accounts.replace(last, account).await.map_err(ProjectError::Store),
        }
    }
}

impl FromClients for Accounts {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Kind::DynamoDb(dynamodb::DynamoDb::new(clients.get().await?, table)))),
            // Without a client, events would silently be counted for nobody.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: accounts are in memory, and forgotten when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}
