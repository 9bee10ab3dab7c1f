//! Users, the operations on them, and their errors, independent of HTTP and the database.

use garde::Validate;
use pilaster::table::TableError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

/// A user, as stored and as returned. An older version ignores a new field; a newer one needs `#[serde(default)]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// A UUID of version 7. Lists are sorted by it: by creation time, and at random within a millisecond.
    pub id: Uuid,
    /// The e-mail address as entered. Addresses are unique, ignoring case.
    pub email: String,
    /// The display name.
    pub name: String,
    /// 1 at first, incremented by every update. An update must contain the version it is based on.
    pub version: u64,
    /// The creation time, with millisecond precision, by the clock of the function that created the user.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub created_at: OffsetDateTime,
}

impl User {
    pub(crate) fn new(new: NewUser) -> Self {
        let id = Uuid::now_v7();
        // The milliseconds in the id, so that the list is sorted by the creation time, too.
        let created_at = OffsetDateTime::UNIX_EPOCH + std::time::Duration::from_millis((id.as_u128() >> 80) as u64);
        Self { id, email: new.email, name: new.name, version: 1, created_at }
    }

    /// Returns the next version of the user, with this patch applied.
    pub(crate) fn changed(&self, patch: &UserPatch) -> Self {
        let email = patch.email.as_ref().unwrap_or(&self.email).clone();
        let name = patch.name.as_ref().unwrap_or(&self.name).clone();
        Self { email, name, version: self.version + 1, ..*self }
    }

    /// Returns the key that must be unique among users.
    pub(crate) fn email_key(&self) -> String {
        self.email.to_lowercase()
    }
}

/// The data of a new user.
#[derive(Clone, Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// At most 254 bytes: the maximum path of RFC 5321, without its angle brackets.
    #[garde(length(bytes, max = 254), custom(is_email))]
    #[schemars(extend("format" = "email"))]
    pub email: String,
    /// 1 to 100 characters.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
}

/// An update of a user. Absent fields are unchanged.
#[derive(Clone, Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// The version the update is based on.
    #[garde(skip)]
    pub version: u64,
    /// The new address.
    #[garde(length(bytes, max = 254), inner(custom(is_email)))]
    #[schemars(extend("format" = "email"))]
    pub email: Option<String>,
    /// The new name.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: Option<String>,
}

/// The query parameters of a list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ListUsers {
    /// The maximum number of users; 20 by default.
    #[garde(range(min = 1, max = 100))]
    pub limit: Option<usize>,
    /// The `next` of the previous page.
    #[garde(skip)]
    pub cursor: Option<Uuid>,
}

/// A page of the list, in the order of the ids. A user that exists while all pages are read is in one of them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserPage {
    /// The users of this page.
    pub users: Vec<User>,
    /// The cursor of the next page: the id of the last user. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
}

/// A request that the rules refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// The e-mail address belongs to another user.
    #[error("the e-mail address is already in use")]
    EmailTaken,
    /// The user does not exist.
    #[error("user not found")]
    NotFound,
    /// The user has changed since the caller fetched it.
    #[error("the user has changed; fetch it again and retry")]
    VersionConflict,
}

/// The errors of operations on users.
#[derive(Debug, Error)]
pub enum UsersError {
    /// The request is refused.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The table failed.
    #[error("the table of users failed")]
    Table(#[from] TableError),
}

/// Checks for a single `@` between two non-empty parts without whitespace. Only an e-mail can verify that the address
/// exists.
fn is_email(email: &str, _: &()) -> garde::Result {
    let is_well_formed = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.')
    });
    if is_well_formed && !email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Ok(())
    } else {
        Err(garde::Error::new("must be an e-mail address"))
    }
}
