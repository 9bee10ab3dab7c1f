//! The handlers of AppSync Events of Powertools' event handler.

use pilaster::BoxError;
use pilaster::channels::{Handlers, Outgoing, Payload, Publish};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{only_these, read};
use crate::case::Case;
use crate::exchange::{Sent, send};
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(rename = "resolver")]
    _resolver: Value,
    on_publish: String,
    handler: Option<String>,
    #[serde(default)]
    aggregate: bool,
}

pub(super) fn replay(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["response"])?;
    let config: Config = read("a resolver", &case.json["config"])?;
    let event = case.event().map_err(Stop::Unsupported)?;
    let handlers = match (config.aggregate, config.handler.as_deref()) {
        (false, Some("fails when payload has event_2")) => {
            Handlers::new().publish(&config.on_publish, fails_at_event_2)
        }
        (true, None) => Handlers::new().publish_all(&config.on_publish, numbered),
        _ => return unsupported("handlers that the case only names"),
    };
    let observed = match send(handlers, &event) {
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    Ok(Compared { expected: json!({ "response": case.json["expected"]["response"] }), observed })
}

/// The text of its error is one that Powertools shows to the client.
async fn fails_at_event_2(Payload(payload): Payload<Value>) -> Result<Option<Value>, BoxError> {
    if payload.get("event_2").is_some() { Err("bad".into()) } else { Ok(Some(json!({ "processed": payload }))) }
}

async fn numbered(publish: Publish<Value>) -> Result<Vec<Outgoing>, BoxError> {
    let numbered = publish.into_iter().enumerate();
    Ok(numbered.map(|(number, event)| Outgoing::payload(event.id, &json!({ "n": number }))).collect())
}
