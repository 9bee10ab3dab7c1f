//! Runs the functions of a suite in turn, round after round, so that what slows the machine down for a while slows down all of them.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::builds::{self, Built, Runnable};
use crate::sample::{self, Options, Sample};
use crate::suite::{Case, Target};

/// How much is run for a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// Invocations of a round, and those before them.
    pub(crate) count: usize,
    pub(crate) warmup: usize,
    /// Starts of a process.
    pub(crate) starts: usize,
}

impl Effort {
    /// For the tables.
    pub(crate) const FULL: Self = Self { rounds: 9, count: 6000, warmup: 2000, starts: 15 };
    /// To see that a table comes out.
    pub(crate) const QUICK: Self = Self { rounds: 2, count: 500, warmup: 100, starts: 3 };

    /// The numbers as words of the sentence below a table.
    pub(crate) fn sentence(&self) -> String {
        format!("{} rounds of {} invocations, {} starts.", self.rounds, self.count, self.starts)
    }
}

/// A function that takes part, and what its runs came to.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) target: Target,
    pub(crate) runnable: Runnable,
    pub(crate) cold: Vec<Sample>,
    pub(crate) warm: Vec<Sample>,
}

impl Measured {
    /// A figure of each round.
    pub(crate) fn each(&self, figure: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.warm.iter().map(figure).collect()
    }

    /// A figure of each start.
    pub(crate) fn each_start(&self, figure: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.cold.iter().map(figure).collect()
    }
}

/// Builds the targets, and checks that each answers every case rightly. The text has a sentence for each that is missing.
pub(crate) async fn prepare(targets: &[Target], cases: &Rc<[Case]>) -> anyhow::Result<(Vec<Measured>, String)> {
    let (mut ready, mut missing) = (Vec::new(), String::new());
    for target in targets {
        let runnable = match builds::build(target)? {
            Built::Ready(runnable) => runnable,
            Built::Missing(reason) => {
                missing += &format!("{} is not measured: {reason}.\n", target.name);
                continue;
            }
        };
        let wrong = sample::verify(&runnable, cases, &Options::default()).await;
        let wrong = wrong.with_context(|| target.name.clone())?;
        if !wrong.is_empty() {
            bail!("{} answers wrongly: {wrong:#?}", target.name);
        }
        ready.push(Measured { target: target.clone(), runnable, cold: Vec::new(), warm: Vec::new() });
    }
    Ok((ready, missing))
}

/// Starts each function several times.
pub(crate) async fn starts(
    of: &mut [Measured],
    cases: &Rc<[Case]>,
    effort: Effort,
    options: &Options,
) -> anyhow::Result<()> {
    for _ in 0..effort.starts {
        for measured in of.iter_mut() {
            let sample = sample::cold(&measured.runnable, cases, options).await;
            measured.cold.push(sample.with_context(|| measured.target.name.clone())?);
        }
    }
    Ok(())
}

/// Measures each function in each round.
pub(crate) async fn rounds(
    of: &mut [Measured],
    cases: &Rc<[Case]>,
    effort: Effort,
    options: &Options,
) -> anyhow::Result<()> {
    for round in 0..effort.rounds {
        for measured in of.iter_mut() {
            let slow = measured.target.slow;
            let options = Options { warmup: effort.warmup / slow, count: effort.count / slow, ..*options };
            let sample = sample::warm(&measured.runnable, cases, &options).await;
            let sample = sample.with_context(|| measured.target.name.clone())?;
            eprintln!(
                "round {round} {:<16} {:>6.1} µs of CPU, {:.1} cores busy otherwise",
                measured.target.name,
                micros(sample.cpu),
                sample.others
            );
            measured.warm.push(sample);
        }
    }
    Ok(())
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
