//! What happens to an account, and what it comes to.
//!
//! ```
//! use projection::account::{Account, Event, What};
//!
//! let event = |version, what| Event { account: "a-1".into(), version, what };
//! let opened = event(1, What::Opened { owner: "ada".into() });
//! let deposited = event(2, What::Deposited { cents: 500 });
//! let account = Account::after(None, &opened)?.expect("it is new");
//! let account = Account::after(Some(account), &deposited)?.expect("it is new");
//! assert_eq!((account.cents, account.version), (500, 2));
//! assert_eq!(Account::after(Some(account), &deposited)?, None, "it was counted before");
//! # Ok::<(), projection::account::Gap>(())
//! ```

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Something that happened: an item of the table of events. It is added, and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Event {
    /// To which account.
    pub account: String,
    /// 1 for the first event of the account, one more for each. Who adds an event does it on the condition that there is none
    /// of this version.
    pub version: u64,
    /// What it was.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum What {
    /// It is somebody's now.
    Opened {
        /// Whose.
        owner: String,
    },
    /// Money came.
    Deposited {
        /// How much.
        cents: u32,
    },
    /// Money went.
    Withdrawn {
        /// How much.
        cents: u32,
    },
    /// It is nobody's any more.
    Closed,
}

/// What all events of an account come to: an item of the read model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Account {
    /// Its id.
    pub account: String,
    /// The last event that is counted.
    pub version: u64,
    /// Whose it is.
    pub owner: Option<String>,
    /// What is on it.
    pub cents: i64,
}

/// An event that came before the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("event {version} of the account {account:?} came after event {last}")]
pub struct Gap {
    account: String,
    version: u64,
    last: u64,
}

impl Account {
    /// The account after an event, or nothing if this event is counted in it already.
    ///
    /// # Errors
    ///
    /// An event between the two is missing.
    pub fn after(before: Option<Self>, event: &Event) -> Result<Option<Self>, Gap> {
        let mut account = before.unwrap_or_else(|| Self { account: event.account.clone(), ..Self::default() });
        if event.version <= account.version {
            return Ok(None);
        }
        if event.version != account.version + 1 {
            return Err(Gap { account: account.account, version: event.version, last: account.version });
        }
        account.version = event.version;
        match &event.what {
            What::Opened { owner } => account.owner = Some(owner.clone()),
            What::Deposited { cents } => account.cents += i64::from(*cents),
            What::Withdrawn { cents } => account.cents -= i64::from(*cents),
            What::Closed => account.owner = None,
        }
        Ok(Some(account))
    }
}
