//! A nightly clean-up that removes carts not touched for thirty days. To run it locally:
//! `cargo run -p cron --no-default-features -- examples/cron/events/nightly.json`

mod carts;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::{BoxError, Client, Invocation, Metrics, MetricsLayer, Schedule, lambda_handler};

use crate::carts::{Carts, Night};

const ONE_DAY: u64 = 24 * 60 * 60;

/// The time by which the clocks of the scheduler and the function may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The time that is left for the last page: it may be retried for six seconds.
const RESERVED: Duration = Duration::from_secs(30);

/// Removes carts until none is left or the time is nearly over. The schedule runs it several times in a night.
#[lambda_handler(outer = MetricsLayer::from_env().namespace("Cron"), warm(Client<Carts>))]
async fn clean_up(
    invocation: Invocation,
    metrics: Metrics,
    Client(carts): Client<Carts>,
    schedule: Schedule,
) -> Result<Night, BoxError> {
    // The scheduled time instead of the clock: each run of a night, also a late one, removes the same carts.
    if schedule.at() > SystemTime::now() + CLOCK_SKEW {
        // A mistake in a manual invocation would otherwise remove carts that were touched lately.
        return Err("the scheduled time is in the future".into());
    }
    let date = schedule.time().get(..10).ok_or("the scheduled time has no date")?;
    let today = schedule.at().duration_since(UNIX_EPOCH)?.as_secs() / ONE_DAY;
    let before = today.saturating_sub(30) * ONE_DAY;
    let may_continue = || invocation.remaining().is_none_or(|left| left > RESERVED);
    let night = carts.remove_untouched(date, before, may_continue).await?;
    if night.finished {
        // An alarm fires if a day has none.
        metrics.count("FinishedNights", 1)?;
    }
    tracing::info!(date, removed = night.removed, finished = night.finished, "cleaned up");
    Ok(night)
}

#[cfg(test)]
mod tests;
