//! The [`Users`] of this service, in a DynamoDB table or in memory, by the same rules.
//!
//! | `pk` | | in the index |
//! |---|---|---|
//! | `user#<id>` | a user | `index_pk` = `users#<shard>`, `index_sk` = `<id>`, which is the order of creation |
//! | `email#<address>` | a lock, with the id of the owner | no |
//!
//! A transaction writes a user together with the lock of its address, so that an address belongs to one user.

use futures_util::future::try_join_all;
use pilaster::table::{Item, Key, Table, TableError, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::users::{ListUsers, NewUser, Refused, User, UserPage, UserPatch, UsersError};

/// The number of partitions of the index. Each takes 1,000 writes of a user a second, beyond which DynamoDB throttles the
/// whole table; each costs one query per page of the list. It may be raised at any time, but not lowered.
const SHARDS: u128 = 8;

/// All users. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Users(Table);

/// The lock of an e-mail address.
#[derive(Debug, Serialize, Deserialize)]
struct Lock {
    user: Uuid,
}

impl Users {
    /// Uses this table; `template.yaml` defines its schema.
    pub fn new(table: Table) -> Self {
        Self(table)
    }

    /// Creates users in memory that are lost when the process ends.
    pub fn in_memory() -> Self {
        Self::new(Table::in_memory())
    }

    /// Creates a user, if its e-mail address is free.
    pub async fn insert(&self, new: NewUser) -> Result<User, UsersError> {
        let user = User::new(new);
        let insert = async |transaction: Transaction| {
            lock_address(&transaction, &user).await?;
            transaction.put_item(item(&user)?)?;
            Ok::<_, UsersError>(())
        };
        self.0.atomically(insert).await?;
        Ok(user)
    }

    /// Returns a user.
    pub async fn get(&self, id: Uuid) -> Result<User, UsersError> {
        Ok(self.0.get(user_key(id)).await?.ok_or(Refused::NotFound)?)
    }

    /// Returns a page of the list. DynamoDB updates the index with a short delay, so a new user may be missing.
    pub async fn list(&self, list: ListUsers) -> Result<UserPage, UsersError> {
        let limit = list.limit.unwrap_or(20).clamp(1, 100);
        let pages = try_join_all((0..SHARDS).map(|shard| {
            let query = self.0.query::<User>(partition(shard)).index();
            let query = match list.cursor {
                Some(id) => query.after(&id.to_string()),
                None => query,
            };
            // One more than requested, to detect whether there is a next page.
            query.limit(limit + 1).send()
        }));
        let mut users: Vec<_> = pages.await?.into_iter().flatten().map(|found| found.value).collect();
        users.sort_unstable_by_key(|user| user.id);
        let more = users.len() > limit;
        users.truncate(limit);
        let next = users.last().filter(|_| more).map(|last| last.id);
        Ok(UserPage { users, next })
    }

    /// Updates a user, if its version still is that of the patch.
    pub async fn update(&self, id: Uuid, patch: UserPatch) -> Result<User, UsersError> {
        let update = async |transaction: Transaction| {
            let old: User = transaction.get(user_key(id)).await?.ok_or(Refused::NotFound)?;
            if old.version != patch.version {
                return Err(Refused::VersionConflict.into());
            }
            let new = old.changed(&patch);
            if old.email_key() != new.email_key() {
                lock_address(&transaction, &new).await?;
                transaction.delete(lock_key(&old))?;
            }
            transaction.put_item(item(&new)?)?;
            Ok::<_, UsersError>(new)
        };
        self.0.atomically(update).await
    }

    /// Deletes a user, regardless of its version, and frees its e-mail address.
    pub async fn remove(&self, id: Uuid) -> Result<(), UsersError> {
        let remove = async |transaction: Transaction| {
            let user: User = transaction.get(user_key(id)).await?.ok_or(Refused::NotFound)?;
            transaction.delete(user_key(id))?;
            transaction.delete(lock_key(&user))?;
            Ok::<_, UsersError>(())
        };
        self.0.atomically(remove).await
    }
}

impl FromClients for Users {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self::new(Table::from_env(clients, "TABLE_NAME").await?))
    }
}

/// Locks a user's address if it is free.
async fn lock_address(transaction: &Transaction, user: &User) -> Result<(), UsersError> {
    if transaction.get::<Lock>(lock_key(user)).await?.is_some() {
        return Err(Refused::EmailTaken.into());
    }
    Ok(transaction.put(lock_key(user), &Lock { user: user.id })?)
}

fn item(user: &User) -> Result<Item, TableError> {
    // The last bits of a UUID of version 7 are random.
    let index = (partition(user.id.as_u128() % SHARDS), user.id.to_string());
    Ok(Item::new(user_key(user.id), user)?.index(index))
}

fn partition(shard: u128) -> String {
    format!("users#{shard}")
}

fn user_key(id: Uuid) -> Key {
    format!("user#{id}").into()
}

fn lock_key(user: &User) -> Key {
    format!("email#{}", user.email_key()).into()
}
