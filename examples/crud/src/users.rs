//! Users: what one is, what may be asked, and what can go wrong. No HTTP and no database in here.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use garde::Validate;
use pilaster::BoxError;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

/// A user, as it is stored and as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// A UUID of version 7: its order is the order of creation, and lists follow it.
    pub id: Uuid,
    /// As the user wrote it. Two users never have addresses that differ in letter case alone.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// 1 at first, one more with every change. A change names the version that it was made from.
    pub version: u64,
    /// When the user was created, to the millisecond.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl User {
    pub(crate) fn new(new: NewUser) -> Self {
        let created_at = OffsetDateTime::now_utc().truncate_to_millisecond();
        Self { id: Uuid::now_v7(), email: new.email, name: new.name, version: 1, created_at }
    }

    /// The user after this change: the next version.
    pub(crate) fn changed(&self, patch: UserPatch) -> Self {
        let next = self.clone();
        Self {
            email: patch.email.unwrap_or(next.email),
            name: patch.name.unwrap_or(next.name),
            version: self.version + 1,
            ..next
        }
    }

    /// What must differ between any two users.
    pub(crate) fn email_key(&self) -> String {
        self.email.to_lowercase()
    }
}

/// What a new user is made from.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// At most 254 bytes: the longest path of RFC 5321, without its angle brackets.
    #[garde(length(bytes, max = 254), custom(is_email))]
    pub email: String,
    /// 1 to 100 characters.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
}

/// A change to a user: what is absent stays.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// The version that the caller has seen.
    #[garde(skip)]
    pub version: u64,
    /// The new address.
    #[garde(length(bytes, max = 254), custom(is_some_email))]
    pub email: Option<String>,
    /// The new name.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: Option<String>,
}

/// Which part of the list to read.
#[derive(Clone, Debug, Default, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ListUsers {
    /// How many users, 20 if it is not said.
    #[garde(range(min = 1, max = 100))]
    pub limit: Option<usize>,
    /// [`UserPage::next`] of the page before.
    #[garde(skip)]
    pub cursor: Option<String>,
}

/// A part of the list, in order of creation.
#[derive(Clone, Debug, Serialize)]
pub struct UserPage {
    /// The users of this page.
    pub users: Vec<User>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The user that a page ends with, as text that callers hand back without looking into it.
///
/// Only an id is inside, and the store makes its keys from it: a cursor that was tampered with is refused, or begins
/// at another place of the same list. It needs no signature.
pub(crate) struct Cursor;

impl Cursor {
    /// Other forms can be told from this one later.
    const FORM: u8 = 1;

    pub(crate) fn after(id: Uuid) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([&[Self::FORM], id.as_bytes().as_slice()].concat())
    }

    pub(crate) fn read(text: &str) -> Result<Uuid, BadCursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let [Self::FORM, id @ ..] = bytes.as_slice() else { return Err(BadCursor) };
        let id = Uuid::from_slice(id).map_err(|_| BadCursor)?;
        if id.get_version_num() == 7 { Ok(id) } else { Err(BadCursor) }
    }
}

/// Another user has this e-mail address.
#[derive(Clone, Copy, Debug, Error)]
#[error("another user has this e-mail address")]
pub struct EmailTaken;

/// No user has this id.
#[derive(Clone, Copy, Debug, Error)]
#[error("no user has this id")]
pub struct UserNotFound;

/// The user has changed since it was read.
#[derive(Clone, Copy, Debug, Error)]
#[error("the user has changed since you read it; read it again and repeat your change")]
pub struct VersionConflict;

/// The cursor is none that a list gave out.
#[derive(Clone, Copy, Debug, Error)]
#[error("the cursor is none that this list gave out")]
pub struct BadCursor;

/// Too many changes to the same user at the same time.
#[derive(Clone, Copy, Debug, Error)]
#[error("others are changing the same user or address; try again")]
pub struct Contended;

/// What can go wrong with users: each reason is a type of its own, found in the chain of sources.
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
    BadCursor(#[from] BadCursor),
    #[error("{0}")]
    Contended(#[from] Contended),
    #[error("the store of users failed")]
    Store(#[source] BoxError),
}

/// One `@` between two texts without spaces; whether the address exists only a letter to it can tell.
fn is_email(email: &str, _: &()) -> garde::Result {
    let whole = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.')
    });
    if whole && !email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Ok(())
    } else {
        Err(garde::Error::new("is no e-mail address"))
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
    fn an_address_has_one_at_and_no_spaces() {
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
    fn a_change_says_only_what_changes() {
        let ada = User::new(new_user("ada@example.com", "Ada"));
        let next = ada.changed(UserPatch { version: 1, email: None, name: Some("Augusta".into()) });
        assert_eq!(next, User { name: "Augusta".into(), version: 2, ..ada });
    }

    #[test]
    fn a_cursor_is_read_back() {
        let id = Uuid::now_v7();
        assert_eq!(Cursor::read(&Cursor::after(id)).ok(), Some(id));
    }

    #[test]
    fn an_error_has_its_reason_as_its_source() {
        let error: Box<dyn std::error::Error> = UsersError::from(EmailTaken).into();
        assert!(error.source().is_some_and(|source| source.is::<EmailTaken>()));
    }
}
