//! Several invocations at a time, as with managed concurrency: on one core, and on all cores, which the Runtime API shares.

use crate::document::Table;
use crate::measure::{self, Effort, Measured, micros};
use crate::process::Pin;
use crate::sample::{Options, block_on};
use crate::statistics::{median, ratio};
use crate::suite::Suite;
use crate::{callgrind, machine};

const AT_A_TIME: [usize; 3] = [1, 8, 64];

pub(crate) fn concurrency(effort: Effort) -> anyhow::Result<String> {
    block_on(table(effort))
}

async fn table(effort: Effort) -> anyhow::Result<String> {
    let suite = Suite::load("concurrency")?;
    let (mut all, notes) = measure::prepare(&suite.targets, &suite.cases).await?;
    let mut one = Table::new([
        "one core: invocations at a time",
        "hand-written: CPU µs",
        "Pilaster: CPU µs",
        "× CPU",
        "hand-written: a second",
        "Pilaster: a second",
        "Pilaster: instructions",
    ]);
    let mut cores = Table::new([
        "all cores: invocations at a time",
        "hand-written: CPU µs",
        "Pilaster: CPU µs",
        "× CPU",
        "hand-written: a second",
        "Pilaster: a second",
        "Pilaster: a core and second, by that on one core",
    ]);
    let mut others = Vec::new();
    for concurrency in AT_A_TIME {
        let options = Options { pin: Pin::Split, concurrency, ..Options::default() };
        run(&mut all, &suite, effort, &options).await?;
        let (hand, pilaster) = (&all[0], &all[2]);
        let alone = cpu(pilaster);
        let instructions = callgrind::instructions(&pilaster.runnable, &suite.cases, concurrency).await?;
        let instructions = instructions.map_or("–".to_owned(), |count| format!("{:.1} k", count as f64 / 1e3));
        one.row(row(concurrency, hand, pilaster).into_iter().chain([instructions]));
        others.extend(all.iter().flat_map(|measured| measured.each(|sample| sample.others)));

        let options = Options { pin: Pin::None, ..options };
        run(&mut all, &suite, effort, &options).await?;
        let (hand, pilaster) = (&all[1], &all[2]);
        // What a core does in a second is what is left when the CPU time of an invocation is divided out of it.
        let kept = format!("{:.2}", ratio(&alone, &cpu(pilaster)));
        cores.row(row(concurrency, hand, pilaster).into_iter().chain([kept]));
        others.extend(all.iter().flat_map(|measured| measured.each(|sample| sample.others)));
    }
    let rounds = format!("{} rounds of {} invocations.", effort.rounds, effort.count);
    Ok(format!("{}\n{}\n{} {rounds}\n{notes}", one.markdown(), cores.markdown(), machine::sentence(&others)))
}

async fn run(all: &mut [Measured], suite: &Suite, effort: Effort, options: &Options) -> anyhow::Result<()> {
    all.iter_mut().for_each(|measured| measured.warm.clear());
    measure::rounds(all, &suite.cases, effort, options).await
}

fn cpu(of: &Measured) -> Vec<f64> {
    of.each(|sample| micros(sample.cpu))
}

fn row(concurrency: usize, hand: &Measured, pilaster: &Measured) -> [String; 6] {
    let a_second = |of: &Measured| format!("{:.0}", median(of.each(|sample| 1.0 / sample.wall.as_secs_f64())));
    [
        concurrency.to_string(),
        format!("{:.0}", median(cpu(hand))),
        format!("{:.0}", median(cpu(pilaster))),
        format!("{:.2}", ratio(&cpu(pilaster), &cpu(hand))),
        a_second(hand),
        a_second(pilaster),
    ]
}
