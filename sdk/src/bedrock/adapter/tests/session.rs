//! The session, and the size of an answer.

use super::*;

tool!(Touch, "touch", { how: String });

async fn touch(session: Session, Input(Touch { how }): Input<Touch>) -> Result<&'static str, BoxError> {
    match &*how {
        "set" => session.set_attribute("new", "2"),
        "same" => session.set_attribute("kept", "1"),
        "remove" => assert_eq!(session.remove_attribute("kept").as_deref(), Some("1")),
        "remove none" => assert_eq!(session.remove_attribute("none"), None),
        "clear" => session.clear_attributes(),
        "prompt" => {
            session.clear_prompt_attributes();
            session.set_prompt_attribute("new", "2");
        }
        "clear none" => session.clear_prompt_attributes(),
        "fail" => {
            session.clear_attributes();
            return Err("broken".into());
        }
        _ => assert_eq!(session.input_text(), Some("hunter2")),
    }
    Ok("done")
}

#[tokio::test]
async fn check_30_session_attributes_are_left_out_written_or_empty() {
    for (how, session, prompt) in [
        ("read", None, None),
        ("same", None, None),
        ("remove none", None, None),
        ("clear none", None, None),
        ("set", Some(json!({ "kept": "1", "new": "2" })), None),
        ("remove", Some(json!({})), None),
        ("clear", Some(json!({})), None),
        ("prompt", None, Some(json!({ "new": "2" }))),
        ("fail", None, None),
    ] {
        let answer = call(Tools::new().add(touch).for_bedrock(), &event("touch", &[("how", how)])).await.unwrap();
        assert_eq!(answer.get("sessionAttributes"), session.as_ref(), "{how}");
        assert_eq!(answer.get("promptSessionAttributes"), prompt.as_ref(), "{how}");
    }
}

tool!(Long, "long", { length: usize });

#[cfg(feature = "logging")]
#[tokio::test]
async fn check_31_a_large_answer_is_warned_of_and_one_above_the_limit_is_our_error() {
    use crate::observe::logging::{CapturedLogs, Logs};
    use tracing::Instrument as _;
    use tracing::instrument::WithSubscriber as _;

    let long = async |Input(Long { length }): Input<Long>| "a".repeat(length);
    let tools = || Tools::new().add(long).for_bedrock();
    let empty = call(tools(), &event("long", &[("length", "0")])).await.unwrap().to_string().len();
    for (length, warnings) in [(25_000 - empty, 0), (25_001 - empty, 1)] {
        let captured = CapturedLogs::default();
        let event = event("long", &[("length", &length.to_string())]);
        let called = call(tools(), &event).in_current_span();
        called.with_subscriber(Logs::new().writer(captured.clone()).build()).await.unwrap();
        let lines = captured.lines();
        assert_eq!(lines.iter().filter(|line| line["level"] == "WARN").count(), warnings, "{lines:?}");
    }
    for limit in [1_000, crate::core::limits::PAYLOAD_LIMIT] {
        let tools = || tools().response_limit(limit);
        let length = |bytes: usize| event("long", &[("length", &(bytes - empty).to_string())]);
        assert!(call(tools(), &length(limit)).await.is_ok());
        let error = call(tools(), &length(limit + 1)).await.unwrap_err();
        assert_eq!(error.error_type(), "ResponseTooLarge");
        let message = format!("the response to the agent has {} bytes; the limit is {limit}", limit + 1);
        assert_eq!(error.message(), message);
    }
}
