//! The notes of one tenant.

use pilaster::table::{Table, TableError};
use serde::{Deserialize, Serialize};

use crate::tenant::{Name, Tenant};

/// The notes of one tenant: no method takes a tenant or a key.
#[derive(Clone)]
pub(crate) struct Notes {
    pub(crate) tenant: Tenant,
    pub(crate) table: Table,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    text: String,
}

impl Notes {
    /// Returns the names of up to 20 notes. `after` is the last name of the page before: no key, so it has no tenant.
    pub(crate) async fn list(&self, after: Option<Name>) -> Result<Vec<String>, TableError> {
        let mut query = self.table.query::<Note>(self.tenant.partition()).prefix("note#").limit(20);
        if let Some(Name(after)) = after {
            query = query.after(&format!("note#{after}"));
        }
        let found = query.send().await?;
        Ok(found.iter().filter_map(|note| note.key.sort().strip_prefix("note#")).map(str::to_owned).collect())
    }

    pub(crate) async fn get(&self, Name(name): &Name) -> Result<Option<Note>, TableError> {
        self.table.get(self.tenant.key(format!("note#{name}"))).await
    }

    pub(crate) async fn put(&self, Name(name): &Name, note: &Note) -> Result<(), TableError> {
        self.table.put(self.tenant.key(format!("note#{name}")), note).await
    }

    pub(crate) async fn delete(&self, Name(name): &Name) -> Result<(), TableError> {
        self.table.delete(self.tenant.key(format!("note#{name}"))).await
    }
}
