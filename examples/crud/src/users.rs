//! Users, the operations on them, and their errors, independent of HTTP and the database.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use garde::Validate;
use pilaster::BoxError;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

/// A user, as stored and as returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// A UUID of version 7. It sorts by creation time, which is the order of lists.
    pub id: Uuid,
    /// The e-mail address as entered. Addresses are unique, ignoring case.
    pub email: String,
    /// The display name.
    pub name: String,
    /// 1 at first, incremented by every update. An update must contain the version it is based on.
    pub version: u64,
    /// The creation time, with millisecond precision.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl User {
    pub(crate) fn new(new: NewUser) -> Self {
        let created_at = OffsetDateTime::now_utc().truncate_to_millisecond();
        Self { id: Uuid::now_v7(), email: new.email, name: new.name, version: 1, created_at }
    }

    /// Returns the next version of the user, with this patch applied.
    pub(crate) fn changed(&self, patch: UserPatch) -> Self {
        let old = self.clone();
        Self {
            email: patch.email.unwrap_or(old.email),
            name: patch.name.unwrap_or(old.name),
            version: self.version + 1,
            ..old
        }
    }

    /// Returns the key that must be unique among users.
    pub(crate) fn email_key(&self) -> String {
        self.email.to_lowercase()
    }
}

/// The data of a new user.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// At most 254 bytes: the maximum path of RFC 5321, without its angle brackets.
    #[garde(length(bytes, max = 254), custom(is_email))]
    pub email: String,
    /// 1 to 100 characters.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
}

/// An update of a user. Absent fields are unchanged.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// The version the update is based on.
    #[garde(skip)]
    pub version: u64,
    /// The new address.
    #[garde(length(bytes, max = 254), custom(is_some_email))]
    pub email: Option<String>,
    /// The new name.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: Option<String>,
}

/// The query parameters of a list.
#[derive(Clone, Debug, Default, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ListUsers {
    /// The maximum number of users; 20 by default.
    #[garde(range(min = 1, max = 100))]
    pub limit: Option<usize>,
    /// [`UserPage::next`] of the previous page.
    #[garde(skip)]
    pub cursor: Option<String>,
}

/// A page of the list, in order of creation.
#[derive(Clone, Debug, Serialize)]
pub struct UserPage {
    /// The users of this page.
    pub users: Vec<User>,
    /// The cursor of the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The last user of a page, encoded as an opaque string.
///
/// It contains only an id, from which the store builds its keys. A modified cursor is rejected or starts at another
/// position of the same list, so that a signature is unnecessary.
pub(crate) struct Cursor;

impl Cursor {
    /// The version of the encoding.
    const VERSION: u8 = 1;

    pub(crate) fn after(id: Uuid) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([&[Self::VERSION], id.as_bytes().as_slice()].concat())
    }

    pub(crate) fn decode(text: &str) -> Result<Uuid, InvalidCursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let [Self::VERSION, id @ ..] = bytes.as_slice() else { return Err(InvalidCursor) };
        let id = Uuid::from_slice(id).map_err(|_| InvalidCursor)?;
        if id.get_version_num() == 7 { Ok(id) } else { Err(InvalidCursor) }
    }
}

/// The e-mail address is in use.
#[derive(Clone, Copy, Debug, Error)]
#[error("the e-mail address is already in use")]
pub struct EmailTaken;

/// The user does not exist.
#[derive(Clone, Copy, Debug, Error)]
#[error("user not found")]
pub struct UserNotFound;

/// The user has changed since the caller fetched it.
#[derive(Clone, Copy, Debug, Error)]
#[error("the user has changed; fetch it again and retry")]
pub struct VersionConflict;

/// The cursor is malformed.
#[derive(Clone, Copy, Debug, Error)]
#[error("invalid cursor")]
pub struct InvalidCursor;

/// Too many concurrent updates of the same user or address.
#[derive(Clone, Copy, Debug, Error)]
#[error("concurrent update, try again")]
pub struct ConcurrentUpdate;

/// The errors of operations on users. Each cause is a separate type in the source chain.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant is its type")]
pub enum UsersError {
    #[error("{0}")]
    EmailTaken(#[from] EmailTaken),
    #[error("{0}")]
    NotFound(#[from] UserNotFound),
    #[error("{0}")]
    VersionConflict(#[from] VersionConflict),
    #[error("{0}")]
    InvalidCursor(#[from] InvalidCursor),
    #[error("{0}")]
    ConcurrentUpdate(#[from] ConcurrentUpdate),
    #[error("the user store failed")]
    Store(#[source] BoxError),
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

fn is_some_email(email: &Option<String>, context: &()) -> garde::Result {
    email.as_deref().map_or(Ok(()), |email| is_email(email, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_user(email: &str, name: &str) -> NewUser {
        NewUser { email: email.into(), name: name.into() }
    }

    #[test]
    fn an_address_has_a_single_at_sign_and_no_whitespace() {
        for good in ["ada@example.com", "a+b@x", "ada@Ünïcode.example"] {
            assert!(new_user(good, "Ada").validate().is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in
            ["", "ada", "@example.com", "ada@", "a@b@c", "a da@example.com", "ada@.com", "ada@com.", "a\n@b", &long]
        {
            assert!(new_user(bad, "Ada").validate().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_counted_in_characters() {
        assert!(new_user("a@b", &"é".repeat(100)).validate().is_ok());
        assert!(new_user("a@b", &"é".repeat(101)).validate().is_err());
        assert!(new_user("a@b", "").validate().is_err());
    }

    #[test]
    fn absent_fields_of_a_patch_are_unchanged() {
        let ada = User::new(new_user("ada@example.com", "Ada"));
        let next = ada.changed(UserPatch { version: 1, email: None, name: Some("Augusta".into()) });
        assert_eq!(next, User { name: "Augusta".into(), version: 2, ..ada });
    }

    #[test]
    fn a_cursor_round_trips() {
        let id = Uuid::now_v7();
        assert_eq!(Cursor::decode(&Cursor::after(id)).ok(), Some(id));
    }

    #[test]
    fn an_error_exposes_its_cause_as_its_source() {
        let error: Box<dyn std::error::Error> = UsersError::from(EmailTaken).into();
        assert!(error.source().is_some_and(|source| source.is::<EmailTaken>()));
    }
}
