//! Who may call the API: partners with an API key, and users of a Cognito user pool who belong to a tenant.

use pilaster::table::{Table, TableError};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The owner of an API key. A partner may have several keys, so that a new one works before the old one expires.
#[derive(Debug, Serialize, Deserialize)]
pub struct Partner {
    pub partner: String,
    /// The key allows only `GET`.
    pub is_read_only: bool,
}

/// A user who belongs to a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Member {
    pub tenant: String,
}

/// The table of partners and members.
#[derive(Clone)]
pub struct Accounts(pub Table);

impl Accounts {
    /// Returns the owner of an API key. The table has only the key's hash; a random key needs no salt.
    pub async fn partner(&self, key: &str) -> Result<Option<Partner>, TableError> {
        self.0.get(format!("key#{}", hash(key))).await
    }

    /// Returns the member with this subject of a token.
    pub async fn member(&self, subject: &str) -> Result<Option<Member>, TableError> {
        self.0.get(format!("user#{subject}")).await
    }
}

impl FromClients for Accounts {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "ACCOUNTS_TABLE").await?))
    }
}

/// Returns the SHA-256 hash of a key, in hexadecimal.
pub fn hash(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}
