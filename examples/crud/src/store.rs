//! The [`Users`] of this service, backed by memory or DynamoDB.
//!
//! The rules are implemented here once; a store only implements five small operations.

#[cfg(feature = "aws")]
mod dynamodb;
mod memory;

use pilaster::{BoxError, Clients, FromClients};
use uuid::Uuid;

use crate::settings::Settings;
use crate::users::{Cursor, ListUsers, NewUser, User, UserNotFound, UserPage, UserPatch, UsersError, VersionConflict};

/// All users. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Users {
    store: Store,
}

#[derive(Clone, Debug)]
enum Store {
    Memory(memory::Memory),
    #[cfg(feature = "aws")]
    DynamoDb(dynamodb::DynamoDb),
}

/// Calls the function of the configured store.
macro_rules! store {
    ($users:ident.$function:ident($($argument:expr),*)) => {
        match &$users.store {
            Store::Memory(store) => store.$function($($argument),*),
            #[cfg(feature = "aws")]
            Store::DynamoDb(store) => store.$function($($argument),*).await,
        }
    };
}

impl Users {
    /// Creates users in memory that are lost when the process ends.
    pub fn in_memory() -> Self {
        Self { store: Store::Memory(memory::Memory::default()) }
    }

    /// Creates users in this DynamoDB table; `template.yaml` defines its schema.
    #[cfg(feature = "aws")]
    pub fn in_dynamodb(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { store: Store::DynamoDb(dynamodb::DynamoDb::new(client, table.into())) }
    }

    /// Creates a user.
    ///
    /// # Errors
    ///
    /// [`EmailTaken`](crate::users::EmailTaken), [`ConcurrentUpdate`](crate::users::ConcurrentUpdate); [`UsersError::Store`] if
    /// DynamoDB fails.
    pub async fn insert(&self, new: NewUser) -> Result<User, UsersError> {
        let user = User::new(new);
        store!(self.insert(&user))?;
        Ok(user)
    }

    /// Returns a user.
    ///
    /// # Errors
    ///
    /// [`UserNotFound`]; [`UsersError::Store`] if DynamoDB fails.
    pub async fn get(&self, id: Uuid) -> Result<User, UsersError> {
        store!(self.get(id))?.ok_or_else(|| UserNotFound.into())
    }

    /// Returns a page of the list.
    ///
    /// # Errors
    ///
    /// [`InvalidCursor`](crate::users::InvalidCursor); [`UsersError::Store`] if DynamoDB fails.
    pub async fn list(&self, query: ListUsers) -> Result<UserPage, UsersError> {
        let after = query.cursor.as_deref().map(Cursor::decode).transpose()?;
        let limit = query.limit.unwrap_or(20).clamp(1, 100);
        // One more than requested, to detect whether there is a next page.
        let mut users = store!(self.list(after, limit + 1))?;
        let more = users.len() > limit;
        users.truncate(limit);
        let next = users.last().filter(|_| more).map(|last| Cursor::after(last.id));
        Ok(UserPage { users, next })
    }

    /// Updates a user if its version still matches the patch.
    ///
    /// # Errors
    ///
    /// [`UserNotFound`], [`VersionConflict`], [`EmailTaken`](crate::users::EmailTaken),
    /// [`ConcurrentUpdate`](crate::users::ConcurrentUpdate); [`UsersError::Store`] if DynamoDB fails.
    pub async fn update(&self, id: Uuid, patch: UserPatch) -> Result<User, UsersError> {
        let old = self.get(id).await?;
        if old.version != patch.version {
            return Err(VersionConflict.into());
        }
        let new = old.changed(patch);
        store!(self.replace(&old, &new))?;
        Ok(new)
    }

    /// Deletes a user, regardless of its version, and frees its e-mail address.
    ///
    /// # Errors
    ///
    /// [`UserNotFound`]; [`VersionConflict`] after three concurrent updates;
    /// [`ConcurrentUpdate`](crate::users::ConcurrentUpdate); [`UsersError::Store`] if DynamoDB fails.
    pub async fn remove(&self, id: Uuid) -> Result<(), UsersError> {
        let mut tries = 3;
        loop {
            // The address to free is the one of the deleted version.
            let user = self.get(id).await?;
            tries -= 1;
            match store!(self.remove(&user)) {
                Err(UsersError::VersionConflict(_)) if tries > 0 => {}
                done => return done,
            }
        }
    }
}

impl FromClients for Users {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match Settings::from_env()?.table {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self::in_dynamodb(clients.get().await?, table)),
            _ => {
                let _ = clients;
                tracing::warn!("TABLE_NAME is not set: users are kept in memory and lost when this process ends");
                Ok(Self::in_memory())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_memory_store_fulfils_the_contract() -> Result<(), UsersError> {
        crate::contract::run(&Users::in_memory()).await
    }
}
