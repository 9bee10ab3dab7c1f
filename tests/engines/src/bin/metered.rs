//! A function for the tests to run as a built binary: it counts by handle, by the facade and in a task of its own, and answers,
//! fails or panics, alone or eight at once.

use std::time::Duration;

use pilaster::observe::metrics::{BuiltIn, MetricsError, Unit, facade};
use pilaster::{BoxError, Event, Metrics, MetricsLayer, StartError};
use serde::Deserialize;

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

async fn metered(metrics: Metrics, Event(ask): Event<Ask>) -> Result<u32, BoxError> {
    let Ask { number, end } = ask;
    metrics.metadata("number", number)?;
    for step in 0..5 {
        facade::counter!("Steps").increment(1);
        metrics.add("Number", Unit::None, f64::from(number))?;
        // Others run meanwhile.
        tokio::time::sleep(Duration::from_millis(u64::from((number * 7 + step) % 3))).await;
    }
    tokio::spawn(metrics.scope(spawned())).await??;
    match end {
        End::Answer => Ok(number),
        End::Fail => Err("asked to fail".into()),
        End::Panic => panic!("asked to panic"),
    }
}

async fn spawned() -> Result<(), MetricsError> {
    tokio::task::yield_now().await;
    Metrics::current().count("Spawned", 1)
}

fn main() -> Result<(), StartError> {
    let layer = MetricsLayer::from_env().namespace("Probe").cold_start().built_in(BuiltIn::Latency);
    pilaster::run(pilaster::handler(metered).outer(layer))
}
