//! An e-mail that Amazon SES received
//! (<https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html>). The event has no body:
//! another action of the receipt rule stores the e-mail.
//!
//! # Example
//!
//! ```
//! use pilaster::testing::ses;
//!
//! let event = ses("Hello").from("ada@example.com").spam("FAIL").event();
//! assert_eq!(event["Records"][0]["ses"]["mail"]["commonHeaders"]["subject"], "Hello");
//! assert_eq!(event["Records"][0]["ses"]["receipt"]["spamVerdict"]["status"], "FAIL");
//! ```

use serde_json::{Value, json};

use super::content::{ACCOUNT, REGION, TIME, built};

/// Builds the event of an e-mail with this subject.
pub fn ses(subject: impl Into<String>) -> SesEvent {
    SesEvent {
        subject: subject.into(),
        from: "ada@example.com".to_owned(),
        to: "inbox@example.com".to_owned(),
        id: "o3vrnil0e2ic28tr".to_owned(),
        spam: "PASS".to_owned(),
        virus: "PASS".to_owned(),
    }
}

/// A builder of an event of SES. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct SesEvent {
    subject: String,
    from: String,
    to: String,
    id: String,
    spam: String,
    virus: String,
}

impl SesEvent {
    /// Sets the sender.
    pub fn from(mut self, address: impl Into<String>) -> Self {
        self.from = address.into();
        self
    }

    /// Sets the recipient.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.to = address.into();
        self
    }

    /// Sets the message id of SES, which is the key of the e-mail in a bucket.
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the spam verdict: `PASS`, `FAIL`, `GRAY`, `PROCESSING_FAILED`.
    pub fn spam(mut self, status: impl Into<String>) -> Self {
        self.spam = status.into();
        self
    }

    /// Sets the virus verdict.
    pub fn virus(mut self, status: impl Into<String>) -> Self {
        self.virus = status.into();
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let header = |name: &str, value: &str| json!({ "name": name, "value": value });
        let verdict = |status: &str| json!({ "status": status });
        let date = "Fri, 2 Jan 2026 03:04:05 +0000";
        json!({ "Records": [{
            "eventVersion": "1.0",
            "eventSource": "aws:ses",
            "ses": {
                "mail": {
                    "timestamp": TIME,
                    "source": self.from,
                    "messageId": self.id,
                    "destination": [self.to],
                    "headersTruncated": false,
                    "headers": [header("From", &self.from), header("To", &self.to), header("Subject", &self.subject), header("Date", date)],
                    "commonHeaders": {
                        "returnPath": self.from,
                        "from": [self.from],
                        "date": date,
                        "to": [self.to],
                        "messageId": format!("<{}@example.com>", self.id),
                        "subject": self.subject,
                    },
                },
                "receipt": {
                    "timestamp": TIME,
                    "processingTimeMillis": 574,
                    "recipients": [self.to],
                    "spamVerdict": verdict(&self.spam),
                    "virusVerdict": verdict(&self.virus),
                    "spfVerdict": verdict("PASS"),
                    "dkimVerdict": verdict("PASS"),
                    "dmarcVerdict": verdict("PASS"),
                    "dmarcPolicy": "reject",
                    "action": {
                        "type": "Lambda",
                        "invocationType": "Event",
                        "functionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:mail"),
                    },
                },
            },
        }] })
    }
}

built!(SesEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn a_mail_has_the_fields_of_a_real_one() {
        let event = ses("Test Subject").to("b@example.com").virus("FAIL").message_id("m").event();
        shape::same("python/sesEvent.json", &event, &[]);
        assert_eq!(event["Records"][0]["ses"]["mail"]["messageId"], "m");
    }
}
