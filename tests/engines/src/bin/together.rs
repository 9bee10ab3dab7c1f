//! A function for the tests to run as a built binary, with all that watches an invocation and with idempotency: it counts, traces,
//! logs and charges a ledger; it responds, fails, panics or hangs, alone or 64 at once.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use pilaster::idempotency::{DynamoDbStore, Idempotency, IdempotencyLayer};
use pilaster::observe::metrics::{BuiltIn, MetricsError, Unit, facade};
use pilaster::{BoxError, Client, Event, Incoming, Metrics, MetricsLayer, StartError, TracesLayer};
use serde::{Deserialize, Serialize};
use tower::layer::layer_fn;
use tower::util::MapRequest;
use tracing::Instrument;

#[derive(Deserialize)]
struct Ask {
    number: u32,
    key: String,
    end: End,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Answer,
    Fail,
    Panic,
    Hang,
}

#[derive(Serialize)]
struct Charged {
    key: String,
    /// The invocation that did it.
    number: u32,
}

async fn charge(
    metrics: Metrics,
    Client(ledger): Client<aws_sdk_dynamodb::Client>,
    Event(ask): Event<Ask>,
) -> Result<Charged, BoxError> {
    let Ask { number, key, end } = ask;
    tracing::info!(number, "at its beginning");
    for step in 0..5 {
        facade::counter!("Steps").increment(1);
        metrics.add("Number", Unit::None, f64::from(number))?;
        // Others run meanwhile.
        let work = tokio::time::sleep(Duration::from_millis(u64::from((number * 7 + step) % 3)));
        work.instrument(tracing::info_span!("step", number)).await;
    }
    tokio::spawn(metrics.scope(spawned(number)).in_current_span()).await??;
    match end {
        End::Answer => {}
        End::Fail => return Err("asked to fail".into()),
        End::Panic => panic!("asked to panic"),
        End::Hang => std::future::pending().await,
    }
    let update = ledger.update_item().table_name("ledger").key("id", AttributeValue::S(key.clone()));
    let update = update.update_expression("ADD charges :one").expression_attribute_values(":one", one());
    update.send().await?;
    metrics.count("Charges", 1)?;
    tracing::info!(number, "charged");
    Ok(Charged { key, number })
}

fn one() -> AttributeValue {
    AttributeValue::N("1".to_owned())
}

async fn spawned(number: u32) -> Result<(), MetricsError> {
    tokio::task::yield_now().instrument(tracing::info_span!("spawned", number)).await;
    tracing::info!(number, "in a task of its own");
    Metrics::current().count("Spawned", 1)
}

/// Also of an invocation that is answered from its record it is known which one it was.
fn numbered(incoming: Incoming) -> Incoming {
    #[derive(Deserialize)]
    struct Numbered {
        number: u32,
    }
    if let Ok(Numbered { number }) = serde_json::from_str(incoming.event.get())
        && let Err(error) = Metrics::current().metadata("number", number)
    {
        tracing::error!(%error, "no number");
    }
    incoming
}

fn main() -> Result<(), StartError> {
    // A busy machine of the tests must not look like a dead collector.
    let traces = TracesLayer::from_env().export_timeout(Duration::from_secs(30));
    let once = Idempotency::from_env(DynamoDbStore::table("once")).key("key").require_key();
    let metrics = MetricsLayer::from_env()
        .namespace("Probe")
        .cold_start()
        .built_in(BuiltIn::Latency)
        .built_in(BuiltIn::IdempotentReplays);
    let function = pilaster::handler(charge)
        .layer(IdempotencyLayer::new(once))
        .outer(traces)
        .outer(metrics)
        .outer(layer_fn(|inner| MapRequest::new(inner, numbered as fn(Incoming) -> Incoming)));
    pilaster::run(function)
}
