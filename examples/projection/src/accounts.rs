//! The read model: [`Accounts`], backed by memory or DynamoDB.

#[cfg(feature = "aws")]
mod dynamodb;

use std::collections::HashMap;
use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::{BoxError, Clients, FromClients};
use thiserror::Error;

use crate::account::{Account, Event, Gap};

/// The accounts, in the DynamoDB table named by `TABLE_NAME` or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Mutex<HashMap<String, Account>>>),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::DynamoDb),
}

/// The reason why an event was not applied. All of them are worth a retry.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant is its type")]
pub enum ProjectError {
    #[error("{0}")]
    Gap(#[from] Gap),
    #[error("concurrent update of account {0:?}")]
    ConcurrentUpdate(String),
    #[error("the read model is unavailable")]
    Store(#[source] BoxError),
}

impl Accounts {
    /// Creates accounts that are lost when the process ends.
    pub fn in_memory() -> Self {
        Self(Backend::Memory(Arc::default()))
    }

    /// Applies an event once and in order. Returns the account, or `None` if the event was already applied.
    ///
    /// The write is conditional on the version that was read: of two concurrent calls, one fails and must be retried.
    ///
    /// # Errors
    ///
    /// [`ProjectError`].
    pub async fn apply(&self, event: &Event) -> Result<Option<Account>, ProjectError> {
        let before = self.get(&event.account).await?;
        let last = before.as_ref().map(|account| account.version);
        let Some(account) = Account::after(before, event)? else { return Ok(None) };
        match self.replace(last, &account).await? {
            true => Ok(Some(account)),
            false => Err(ProjectError::ConcurrentUpdate(account.account)),
        }
    }

    /// Returns an account, or `None` if it has no events.
    ///
    /// # Errors
    ///
    /// [`ProjectError::Store`].
    pub async fn get(&self, account: &str) -> Result<Option<Account>, ProjectError> {
        match &self.0 {
            Backend::Memory(accounts) => {
                Ok(accounts.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned())
            }
            #[cfg(feature = "aws")]
            Backend::DynamoDb(accounts) => accounts.get(account).await.map_err(ProjectError::Store),
        }
    }

    /// Replaces an account. Returns `false` if the stored version is not `last`.
    async fn replace(&self, last: Option<u64>, account: &Account) -> Result<bool, ProjectError> {
        match &self.0 {
            Backend::Memory(accounts) => {
                let mut accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
                let is_same = accounts.get(&account.account).map(|account| account.version) == last;
                if is_same {
                    accounts.insert(account.account.clone(), account.clone());
                }
                Ok(is_same)
            }
            #[cfg(feature = "aws")]
            Backend::DynamoDb(accounts) => accounts.replace(last, account).await.map_err(ProjectError::Store),
        }
    }
}

impl FromClients for Accounts {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match env::var("TABLE_NAME").ok().filter(|table| !table.is_empty()) {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self(Backend::DynamoDb(dynamodb::DynamoDb::new(clients.get().await?, table)))),
            // Without a client, events would silently be lost.
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                Err("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`".into())
            }
            None => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: accounts are kept in memory and lost when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}
