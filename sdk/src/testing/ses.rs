//! A mail that Amazon SES received (<https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html>). The
//! event has no body: the mail itself lies where another action of the receipt rule put it.
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

/// A mail with this subject.
pub fn ses(subject: impl Into<String>) -> Ses {
    Ses {
        subject: subject.into(),
        from: "ada@example.com".to_owned(),
        to: "inbox@example.com".to_owned(),
        id: "o3vrnil0e2ic28tr".to_owned(),
        spam: "PASS".to_owned(),
        virus: "PASS".to_owned(),
    }
}

/// An event of SES. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "it is an event only when it is sent, or by `event()`"]
pub struct Ses {
    subject: String,
    from: String,
    to: String,
    id: String,
    spam: String,
    virus: String,
}

impl Ses {
    /// Who sent it.
    pub fn from(mut self, address: impl Into<String>) -> Self {
        self.from = address.into();
        self
    }

    /// To whom it was sent.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.to = address.into();
        self
    }

    /// The id by which SES knows it, which is its key in a bucket.
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// What was found about spam: `PASS`, `FAIL`, `GRAY`, `PROCESSING_FAILED`.
    pub fn spam(mut self, status: impl Into<String>) -> Self {
        self.spam = status.into();
        self
    }

    /// What was found about viruses.
    pub fn virus(mut self, status: impl Into<String>) -> Self {
        self.virus = status.into();
        self
    }

    /// The event.
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

built!(Ses);

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
