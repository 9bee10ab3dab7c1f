use super::{call, fixture, seen};
use crate::core::error::BoxError;
use crate::records::{SesMessage, SesVerdict};

#[tokio::test]
async fn a_mail_has_its_headers_and_what_ses_found() {
    let seen = seen(fixture("python/sesEvent.json"), |mail: SesMessage| mail).await;
    let mail = &seen[0];
    assert_eq!((mail.message_id(), mail.source()), ("o3vrnil0e2ic28tr", "janedoe@example.com"));
    assert_eq!((mail.subject(), mail.date()), (Some("Test Subject"), Some("Wed, 7 Oct 2015 12:34:56 -0700")));
    assert_eq!((mail.from(), mail.to()), (&["Jane Doe <janedoe@example.com>".to_owned()][..], mail.destination()));
    assert_eq!((mail.cc(), mail.reply_to(), mail.recipients()), (&[][..], &[][..], mail.to()));
    assert_eq!((mail.header("mime-version"), mail.header("x-none")), (Some("1.0"), None));
    assert_eq!((mail.headers().count(), mail.headers_are_truncated()), (10, false));
    let verdicts = [mail.spam(), mail.virus(), mail.spf(), mail.dkim(), mail.dmarc()];
    assert_eq!((verdicts, mail.dmarc_policy()), ([SesVerdict::Pass; 5], Some("reject")));
    assert_eq!(mail.time(), "1970-01-01T00:00:00.000Z");
    let debug = format!("{mail:?}");
    assert!(debug.contains("o3vrnil0e2ic28tr") && !debug.contains("janedoe"), "{debug}");
}

#[tokio::test]
async fn a_verdict_that_is_not_known_or_not_there_is_unknown() {
    let mut event = fixture("typescript/parser/ses/base.json");
    let receipt = &mut event["Records"][0]["ses"]["receipt"];
    receipt["spamVerdict"]["status"] = "PROCESSING_FAILED".into();
    receipt["virusVerdict"]["status"] = "DISABLED".into();
    receipt.as_object_mut().unwrap().remove("spfVerdict");
    let verdicts = seen(event, |mail: SesMessage| [mail.spam(), mail.virus(), mail.spf()]).await;
    assert_eq!(verdicts[0], [SesVerdict::ProcessingFailed, SesVerdict::Unknown, SesVerdict::Unknown]);
}

#[tokio::test]
async fn a_mail_without_its_id_is_told_by_its_path() {
    async fn take(_: SesMessage) -> Result<(), BoxError> {
        Ok(())
    }
    let mut event = fixture("python/sesEvent.json");
    event["Records"][0]["ses"]["mail"]["messageId"] = 7.into();
    let error = call(take, event).await.unwrap_err();
    let cause = super::root(&error);
    assert!(cause.starts_with("/ses/mail/messageId: invalid type"), "{cause}");
}
