//! Channels of AppSync Events.

mod random;

use pilaster::channels::{Channel, Handlers, Outgoing, Payload, Publish, Unauthorized, Unmatched};
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;
use pilaster::{BoxError, FunctionError};
use serde_json::{Value, json};

use super::{answers, listed};
use crate::case::Case;
use crate::meaning::Outcome;
use crate::peer;

/// The events of AppSync Events that Powertools' repositories have.
const RECORDED: [&str; 5] = [
    "channels/publish.json",
    "channels/subscribe.json",
    "python-later/appSyncEventsEvent.json",
    "typescript/event-handler/onPublish.json",
    "typescript/parser/appsync-events/base.json",
];

#[tokio::test]
async fn check_33_channels_are_answered_as_by_powertools_but_for_listed_differences() {
    listed::has_recorded("channels", &RECORDED);
    let cases = answers::listed("channels");
    let mut ours = Vec::new();
    for (case, _) in &cases {
        ours.push(answer(case).await);
    }
    listed::check("channels", &answers::answers("channels", cases, ours));
}

async fn answer(case: &Case) -> Outcome {
    let handlers = match case.function.as_str() {
        "handle" => handlers(),
        "passing" => handlers().unmatched(Unmatched::Pass),
        "find" => specific(),
        other => panic!("there is no function {other}"),
    };
    peer::pilaster(Caller::new(handlers), &CapturedMetrics::default(), &case.event).await
}

fn handlers() -> Handlers {
    Handlers::new()
        .publish("/default/*", moderate)
        .publish("/request/channel", moderate)
        .publish_all("/metrics/*", ingest)
        .subscribe("/default/*", admit)
        .subscribe("/request/channel", admit)
}

fn specific() -> Handlers {
    let pattern = |pattern: &'static str| move |_: Payload<Value>| async move { Ok::<_, BoxError>(Some(pattern)) };
    Handlers::new()
        .publish("/*", pattern("/*"))
        .publish("/a/*", pattern("/a/*"))
        .publish("/a/b/c", pattern("/a/b/c"))
        .publish("/a/b/*", pattern("/a/b/*"))
}

fn word(payload: &Value) -> &str {
    payload["do"].as_str().unwrap_or_default()
}

fn act(word: &str) -> Result<(), BoxError> {
    match word {
        "fail" => Err("secret db host".into()),
        "refuse" => Err(FunctionError::new("Refused", "the text is too long").into()),
        "deny" => Err(Unauthorized.into()),
        _ => Ok(()),
    }
}

async fn moderate(Payload(payload): Payload<Value>, channel: Channel) -> Result<Option<Value>, BoxError> {
    act(word(&payload))?;
    Ok((word(&payload) != "drop").then(|| json!({ "seen": payload, "on": channel.path() })))
}

async fn ingest(publish: Publish<Value>) -> Result<Vec<Outgoing>, BoxError> {
    let mut events = Vec::new();
    for (number, event) in publish.into_iter().enumerate() {
        let payload = json!({ "n": number });
        act(word(&event.payload))?;
        match word(&event.payload) {
            "reject" => events.push(Outgoing::error(event.id, FunctionError::new("Rejected", "not a reading"))),
            "invent" => events.push(Outgoing::payload("invented", &payload)),
            "repeat" => events.extend([(); 2].map(|()| Outgoing::payload(event.id.clone(), &payload))),
            "drop" => {}
            _ => events.push(Outgoing::payload(event.id, &payload)),
        }
    }
    Ok(events)
}

async fn admit(channel: Channel) -> Result<(), BoxError> {
    act(channel.segments().next_back().unwrap_or_default())
}
