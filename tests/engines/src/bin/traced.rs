//! A function for the tests to run as a built binary: its spans, one of them in a task of its own; it responds, fails or panics,
//! alone or eight at once.

use std::time::Duration;

use pilaster::{BoxError, Event, StartError, TracesLayer};
use serde::Deserialize;
use tracing::Instrument;

#[derive(Deserialize)]
struct Ask {
    number: u32,
    end: End,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Answer,
    Fail,
    Panic,
}

async fn traced(Event(ask): Event<Ask>) -> Result<u32, BoxError> {
    let Ask { number, end } = ask;
    for step in 0..5 {
        // Others run meanwhile.
        let work = tokio::time::sleep(Duration::from_millis(u64::from((number * 7 + step) % 3)));
        work.instrument(tracing::info_span!("step", number)).await;
    }
    let spawned = async move {
        tokio::task::yield_now().instrument(tracing::info_span!("spawned", number)).await;
    };
    tokio::spawn(spawned.in_current_span()).await?;
    tracing::info!(number, "at its end");
    match end {
        End::Answer => Ok(number),
        End::Fail => Err("asked to fail".into()),
        End::Panic => panic!("asked to panic"),
    }
}

fn main() -> Result<(), StartError> {
    // A busy machine of the tests must not look like a dead collector.
    let traces = TracesLayer::from_env().export_timeout(Duration::from_secs(30));
    pilaster::run(pilaster::handler(traced).outer(traces))
}
