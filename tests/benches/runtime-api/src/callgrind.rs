//! Instructions of an invocation, in user space, behind the Runtime API. They depend on no other load.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::builds::{self, Runnable};
use crate::sample::{self, Options};
use crate::suite::{Case, measured};

/// Two lengths, so that the start cancels out.
const LENGTHS: [usize; 2] = [300, 1300];

/// Counts the instructions of an invocation. `None`: valgrind is not installed.
pub(crate) async fn instructions(
    runnable: &Runnable,
    cases: &Rc<[Case]>,
    concurrency: usize,
) -> anyhow::Result<Option<u64>> {
    let Some(valgrind) = builds::installed("valgrind") else { return Ok(None) };
    let mut start = runnable.start.clone();
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null"].map(Into::into);
    start.command.splice(0..0, [valgrind.into()].into_iter().chain(arguments));
    let mut counts = [0; 2];
    for (count, length) in counts.iter_mut().zip(LENGTHS) {
        let options = Options { concurrency, ..Options::default() };
        let mut live = sample::start(&start, cases, &options).await?;
        let outcome = live.phase(&measured(cases), length, &options).await?;
        if let Some(wrong) = outcome.failures.first() {
            bail!("{wrong}");
        }
        live.process.stop(Duration::from_secs(20))?;
        // The report may still be on its way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let log = live.process.log.text();
        let collected = log.lines().rev().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
        *count = collected.with_context(|| format!("callgrind reported no count: {log}"))?;
    }
    let [short, long]: [u64; 2] = counts;
    Ok(Some(long.saturating_sub(short) / (LENGTHS[1] - LENGTHS[0]) as u64))
}
