//! The notes of one tenant: no method takes a tenant or a key.

use pilaster::table::{Table, TableError};
use serde::{Deserialize, Serialize};

use crate::tenant::{Name, Tenant};

#[derive(Clone)]
pub(crate) struct Notes {
    pub(crate) tenant: Tenant,
    pub(crate) table: Table,
}

/// A note as a request writes it, or an array of its values. Only requests are checked for unknown fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    text: String,
}

/// A note as it is stored and returned: it is read although an older version wrote fewer fields, or a newer one more.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Note {
    text: String,
}

impl Notes {
    /// Returns the names of up to 20 notes. `after` is the last name of the page before: no key, so it has no tenant.
    pub(crate) async fn list(&self, after: Option<Name>) -> Result<Vec<String>, TableError> {
        let after = after.map(|Name(after)| format!("note#{after}")).unwrap_or_default();
        let query = self.table.query::<serde::de::IgnoredAny>(self.tenant.partition()).prefix("note#").after(&after);
        let found = query.limit(20).send().await?;
        Ok(found.iter().filter_map(|note| note.key.sort().strip_prefix("note#")).map(str::to_owned).collect())
    }

    pub(crate) async fn get(&self, Name(name): &Name) -> Result<Option<Note>, TableError> {
        self.table.get(self.tenant.key(format!("note#{name}"))).await
    }

    pub(crate) async fn put(&self, Name(name): &Name, NewNote { text }: NewNote) -> Result<(), TableError> {
        self.table.put(self.tenant.key(format!("note#{name}")), &Note { text }).await
    }

    pub(crate) async fn delete(&self, Name(name): &Name) -> Result<(), TableError> {
        self.table.delete(self.tenant.key(format!("note#{name}"))).await
    }
}
