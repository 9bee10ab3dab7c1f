//! [`SesMessage`]: a mail that a receipt rule of Amazon SES hands to the function.
//!
//! The event has the mail's headers and what SES found out about it, and not its body: that lies where another action of the rule put
//! it, mostly in a bucket under [`message_id`](SesMessage::message_id).
//!
//! SES calls a function without waiting (`Event`), unless the rule says `RequestResponse`: then the answer may stop the rule
//! or the rule set. A record function answers nothing, so such a rule goes on; one that decides takes an
//! [`Event<T>`](crate::Event) and returns `{"disposition": "STOP_RULE"}`.
//!
//! # Example
//!
//! ```
//! use pilaster::records::{SesMessage, Verdict};
//! use pilaster::BoxError;
//!
//! async fn receive(mail: SesMessage) -> Result<(), BoxError> {
//!     if mail.spam() == Verdict::Fail || mail.virus() == Verdict::Fail {
//!         return Ok(());
//!     }
//!     tracing::info!(subject = mail.subject(), from = mail.source(), "a mail");
//!     Ok(())
//! }
//! # let _ = pilaster::handler(receive);
//! ```

use std::fmt;

use serde::Deserialize;

use super::payload::DecodeError;
use crate::records::handler::FromRecord;
use crate::records::record::Record;
use crate::records::source::Source;

/// A mail that SES received. See the [module docs](self).
///
/// The form is that of <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html>.
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
    status: Verdict,
}

/// What SES found when it looked for something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing bad, or what was to be proved is proved.
    Pass,
    /// It is spam, a virus, or a forgery.
    Fail,
    /// It cannot be told.
    Gray,
    /// SES could not look.
    ProcessingFailed,
    /// SES did not look, or says something that is not known here.
    #[default]
    #[serde(other)]
    Unknown,
}

impl SesMessage {
    /// The id that SES gave it: the name of the object where an action of the rule stores mails in a bucket.
    pub fn message_id(&self) -> &str {
        &self.mail.message_id
    }

    /// The address of the envelope that it came from, to which bounces go.
    pub fn source(&self) -> &str {
        &self.mail.source
    }

    /// To whom it was sent, by its headers and its envelope.
    pub fn destination(&self) -> &[String] {
        &self.mail.destination
    }

    /// The recipients for which the rule applies.
    pub fn recipients(&self) -> &[String] {
        &self.receipt.recipients
    }

    /// When SES received it: RFC 3339.
    pub fn time(&self) -> &str {
        &self.mail.timestamp
    }

    /// The subject.
    pub fn subject(&self) -> Option<&str> {
        self.mail.common_headers.subject.as_deref()
    }

    /// The date by its sender, as the header has it.
    pub fn date(&self) -> Option<&str> {
        self.mail.common_headers.date.as_deref()
    }

    /// The `From` header, an address each.
    pub fn from(&self) -> &[String] {
        &self.mail.common_headers.from
    }

    /// The `To` header, an address each.
    pub fn to(&self) -> &[String] {
        &self.mail.common_headers.to
    }

    /// The `Cc` header, an address each.
    pub fn cc(&self) -> &[String] {
        &self.mail.common_headers.cc
    }

    /// The `Reply-To` header, an address each.
    pub fn reply_to(&self) -> &[String] {
        &self.mail.common_headers.reply_to
    }

    /// The first header of this name, in capital or small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers, in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.mail.headers.iter().map(|header| (header.name.as_str(), header.value.as_str()))
    }

    /// Whether some headers are missing: SES sends at most 10 KB of them.
    pub fn headers_are_truncated(&self) -> bool {
        self.mail.headers_truncated
    }

    /// Whether it is spam: [`Verdict::Fail`].
    pub fn spam(&self) -> Verdict {
        self.receipt.spam_verdict.status
    }

    /// Whether it has a virus: [`Verdict::Fail`].
    pub fn virus(&self) -> Verdict {
        self.receipt.virus_verdict.status
    }

    /// Whether its server may send for its domain, by SPF.
    pub fn spf(&self) -> Verdict {
        self.receipt.spf_verdict.status
    }

    /// Whether its signature is that of its domain, by DKIM.
    pub fn dkim(&self) -> Verdict {
        self.receipt.dkim_verdict.status
    }

    /// Whether its sender is who it says, by DMARC.
    pub fn dmarc(&self) -> Verdict {
        self.receipt.dmarc_verdict.status
    }

    /// What the domain asks to be done with forgeries: `none`, `quarantine` or `reject`.
    pub fn dmarc_policy(&self) -> Option<&str> {
        self.receipt.dmarc_policy.as_deref()
    }
}

impl FromRecord for SesMessage {
    const SOURCES: &'static [Source] = &[Source::Ses];
    type Answer = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Wire {
            ses: SesMessage,
        }
        crate::core::json::decode::<Wire>(record.json().as_bytes())
            .map(|wire| wire.ses)
            .map_err(|error| DecodeError::new("the record of SES", error))
    }
}

/// Who writes to whom, and what, is nobody's business who reads a log.
impl fmt::Debug for SesMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SesMessage").field("message_id", &self.message_id()).finish_non_exhaustive()
    }
}
