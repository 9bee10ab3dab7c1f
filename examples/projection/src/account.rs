//! The events of an account, and the account computed from them.
//!
//! ```
//! use projection::account::{Account, Event, EventKind};
//!
//! let event = |version, kind| Event { account: "a-1".into(), version, kind };
//! let opened = event(1, EventKind::Opened { owner: "ada".into() });
//! let deposited = event(2, EventKind::Deposited { cents: 500 });
//! let account = Account::after(None, &opened)?.expect("a new event");
//! let account = Account::after(Some(account), &deposited)?.expect("a new event");
//! assert_eq!((account.cents, account.version), (500, 2));
//! assert_eq!(Account::after(Some(account), &deposited)?, None, "already applied");
//! # Ok::<(), projection::account::Gap>(())
//! ```

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An event: an item of the events table. Events are only added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Event {
    /// The id of the account.
    pub account: String,
    /// 1 for the first event of the account, then incremented by one. An event is added by a conditional write that
    /// fails if the version exists.
    pub version: u64,
    /// The kind of the event, as the attribute `kind` and its data.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kind of an event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EventKind {
    /// Account opened.
    Opened {
        /// The owner.
        owner: String,
    },
    /// Money deposited.
    Deposited {
        /// The amount in cents.
        cents: u32,
    },
    /// Money withdrawn.
    Withdrawn {
        /// The amount in cents.
        cents: u32,
    },
    /// Account closed.
    Closed,
}

/// The account after all of its events: an item of the read model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Account {
    /// The id of the account.
    pub account: String,
    /// The version of the last applied event.
    pub version: u64,
    /// The owner; `None` once the account is closed.
    pub owner: Option<String>,
    /// The balance in cents.
    pub cents: i64,
}

/// An event that arrived before its predecessor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("event {version} of account {account:?} is out of order; last applied event: {last}")]
pub struct Gap {
    account: String,
    version: u64,
    last: u64,
}

impl Account {
    /// Returns the account after an event, or `None` if the event was already applied.
    ///
    /// # Errors
    ///
    /// [`Gap`] if an event between the two is missing.
    pub fn after(before: Option<Self>, event: &Event) -> Result<Option<Self>, Gap> {
        let mut account = before.unwrap_or_else(|| Self { account: event.account.clone(), ..Self::default() });
        if event.version <= account.version {
            return Ok(None);
        }
        if event.version != account.version + 1 {
            return Err(Gap { account: account.account, version: event.version, last: account.version });
        }
        account.version = event.version;
        match &event.kind {
            EventKind::Opened { owner } => account.owner = Some(owner.clone()),
            EventKind::Deposited { cents } => account.cents += i64::from(*cents),
            EventKind::Withdrawn { cents } => account.cents -= i64::from(*cents),
            EventKind::Closed => account.owner = None,
        }
        Ok(Some(account))
    }
}
