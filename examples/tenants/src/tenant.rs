//! The tenant of a caller, and the only code that makes keys of the table.

use pilaster::table::{Key, Table};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

/// 1 to 50 of `a` to `z`, digits and `-`, so that no two names make the same key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(pub(crate) String);

impl TryFrom<String> for Name {
    type Error = &'static str; // The caller gets `is invalid` instead, since such a text may repeat the input.

    fn try_from(name: String) -> Result<Self, &'static str> {
        let is_valid = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_name = (1..=50).contains(&name.len()) && name.bytes().all(is_valid);
        if is_name { Ok(Self(name)) } else { Err("a name is 1 to 50 of a to z, 0 to 9 and -") }
    }
}

/// The claims of a token that this API uses. Only an administrator can set `custom:tenant`.
#[derive(Deserialize)]
pub(crate) struct Caller {
    #[serde(rename = "custom:tenant")]
    pub(crate) tenant: Tenant,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Tenant(Name);

impl Tenant {
    /// Returns the partition of all items of the tenant.
    pub(crate) fn partition(&self) -> String {
        format!("tenant#{}", self.0.0)
    }

    pub(crate) fn key(&self, sort: String) -> Key {
        Key::new(self.partition(), sort)
    }
}

/// The items of all tenants, in the table that `TENANTS_TABLE` names or, in a local run, in memory.
#[derive(Clone)]
pub(crate) struct Tenants(pub(crate) Table);

impl FromClients for Tenants {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        Ok(Self(Table::from_env(clients, "TENANTS_TABLE").await?))
    }
}
