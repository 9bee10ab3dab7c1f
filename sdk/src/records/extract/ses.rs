//! [`SesMessage`]: an e-mail that an Amazon SES receipt rule passes to the function.
//!
//! The event contains the headers of the e-mail and the verdicts of SES, but not the body: another action of the rule
//! stores it, usually in a bucket under [`message_id`](SesMessage::message_id).
//!
//! SES invokes the function asynchronously (`Event`), unless the rule sets `RequestResponse`: the response may then
//! stop the rule or the rule set. A record function returns an empty response, so such a rule continues. A function
//! that should decide takes an [`Event<T>`](crate::Event) and returns `{"disposition": "STOP_RULE"}`.
//!
//! # Example
//!
//! ```
//! use pilaster::records::{SesMessage, SesVerdict};
//! use pilaster::BoxError;
//!
//! async fn receive(mail: SesMessage) -> Result<(), BoxError> {
//!     if mail.spam() == SesVerdict::Fail || mail.virus() == SesVerdict::Fail {
//!         return Ok(());
//!     }
//!     tracing::info!(subject = mail.subject(), from = mail.source(), "received");
//!     Ok(())
//! }
//! # let _ = pilaster::handler(receive);
//! ```

use std::fmt;

use serde::Deserialize;

use crate::records::error::DecodeError;
use crate::records::extract::FromRecord;
use crate::records::record::Record;
use crate::records::source::Source;

/// An e-mail that SES received. See the [module docs](self).
///
/// The format is that of <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html>.
#[derive(Clone, Deserialize)]
pub struct SesMessage {
    mail: Mail,
    receipt: Receipt,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    source: String,
    timestamp: String,
    #[serde(default)]
    destination: Vec<String>,
    #[serde(default)]
    headers_truncated: bool,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    common_headers: CommonHeaders,
}

#[derive(Clone, Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CommonHeaders {
    subject: Option<String>,
    date: Option<String>,
    from: Vec<String>,
    to: Vec<String>,
    cc: Vec<String>,
    reply_to: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    #[serde(default)]
    recipients: Vec<String>,
    #[serde(default)]
    spam_verdict: Status,
    #[serde(default)]
    virus_verdict: Status,
    #[serde(default)]
    spf_verdict: Status,
    #[serde(default)]
    dkim_verdict: Status,
    #[serde(default)]
    dmarc_verdict: Status,
    #[serde(default)]
    dmarc_policy: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Status {
    status: SesVerdict,
}

/// The verdict of a check by SES.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum SesVerdict {
    /// The check passed.
    Pass,
    /// The check failed: the e-mail is spam, has a virus, or is forged.
    Fail,
    /// The check was inconclusive.
    Gray,
    /// SES could not run the check.
    ProcessingFailed,
    /// SES did not run the check, or the verdict is unknown.
    #[default]
    #[serde(other)]
    Unknown,
}

impl SesMessage {
    /// Returns the id that SES assigned: the key of the object if an action of the rule stores e-mails in a bucket.
    pub fn message_id(&self) -> &str {
        &self.mail.message_id
    }

    /// Returns the address of the envelope's sender, which receives bounces.
    pub fn source(&self) -> &str {
        &self.mail.source
    }

    /// Returns the recipients in the headers and the envelope.
    pub fn destination(&self) -> &[String] {
        &self.mail.destination
    }

    /// Returns the recipients that matched the rule.
    pub fn recipients(&self) -> &[String] {
        &self.receipt.recipients
    }

    /// Returns the time at which SES received the e-mail, as RFC 3339.
    pub fn time(&self) -> &str {
        &self.mail.timestamp
    }

    /// Returns the subject.
    pub fn subject(&self) -> Option<&str> {
        self.mail.common_headers.subject.as_deref()
    }

    /// Returns the `Date` header.
    pub fn date(&self) -> Option<&str> {
        self.mail.common_headers.date.as_deref()
    }

    /// Returns the addresses of the `From` header.
    pub fn from(&self) -> &[String] {
        &self.mail.common_headers.from
    }

    /// Returns the addresses of the `To` header.
    pub fn to(&self) -> &[String] {
        &self.mail.common_headers.to
    }

    /// Returns the addresses of the `Cc` header.
    pub fn cc(&self) -> &[String] {
        &self.mail.common_headers.cc
    }

    /// Returns the addresses of the `Reply-To` header.
    pub fn reply_to(&self) -> &[String] {
        &self.mail.common_headers.reply_to
    }

    /// Returns the first header of this name, which is case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns all headers, in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.mail.headers.iter().map(|header| (header.name.as_str(), header.value.as_str()))
    }

    /// Returns `true` if headers are missing: SES sends at most 10 KB of them.
    pub fn headers_are_truncated(&self) -> bool {
        self.mail.headers_truncated
    }

    /// Returns the spam verdict; [`SesVerdict::Fail`] means spam.
    pub fn spam(&self) -> SesVerdict {
        self.receipt.spam_verdict.status
    }

    /// Returns the virus verdict; [`SesVerdict::Fail`] means a virus.
    pub fn virus(&self) -> SesVerdict {
        self.receipt.virus_verdict.status
    }

    /// Returns the SPF verdict, which tests that the server may send for the domain.
    pub fn spf(&self) -> SesVerdict {
        self.receipt.spf_verdict.status
    }

    /// Returns the DKIM verdict, which tests that the domain has signed the e-mail.
    pub fn dkim(&self) -> SesVerdict {
        self.receipt.dkim_verdict.status
    }

    /// Returns the DMARC verdict, which tests that the sender is authentic.
    pub fn dmarc(&self) -> SesVerdict {
        self.receipt.dmarc_verdict.status
    }

    /// Returns the DMARC policy of the domain: `none`, `quarantine` or `reject`.
    pub fn dmarc_policy(&self) -> Option<&str> {
        self.receipt.dmarc_policy.as_deref()
    }
}

impl FromRecord for SesMessage {
    const SOURCES: &'static [Source] = &[Source::Ses];
    type Response = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct SesRecord {
            ses: SesMessage,
        }
        crate::core::json::decode::<SesRecord>(record.json().as_bytes())
            .map(|record| record.ses)
            .map_err(|error| DecodeError::new("the SES record", error))
    }
}

/// Shows only the id: addresses and subject are confidential.
impl fmt::Debug for SesMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SesMessage").field("message_id", &self.message_id()).finish_non_exhaustive()
    }
}
