//! The functions of a suite: CPU time, instructions, start, memory, size.

use crate::document::Table;
use crate::measure::{self, Effort, Measured, micros, millis};
use crate::process::Pin;
use crate::sample::{Options, block_on};
use crate::size::size;
use crate::statistics::{median, ratio, spread};
use crate::suite::{Program, Suite};
use crate::{callgrind, machine};

/// What ratios are taken against.
const BASELINE: &str = "rust-bare-ct";

pub(crate) fn http(effort: Effort) -> anyhow::Result<String> {
    block_on(table("http", effort))
}

pub(crate) fn sqs(effort: Effort) -> anyhow::Result<String> {
    block_on(table("sqs", effort))
}

async fn table(name: &str, effort: Effort) -> anyhow::Result<String> {
    let suite = Suite::load(name)?;
    let (mut all, mut notes) = measure::prepare(&suite.targets, &suite.cases).await?;
    let options = Options { pin: Pin::Split, ..Options::default() };
    measure::starts(&mut all, &suite.cases, effort, &options).await?;
    measure::rounds(&mut all, &suite.cases, effort, &options).await?;

    let header =
        ["CPU µs", "× CPU", "instructions", "init CPU ms", "× init CPU", "peak memory MB", "binary MB", "zip MB"];
    let mut rows = Table::new([format!("`{name}`")].into_iter().chain(header.map(str::to_owned)));
    let baseline = all.iter().find(|measured| measured.target.name == BASELINE);
    let baseline = baseline.map(|baseline| (cpu(baseline), init(baseline))).unwrap_or_default();
    let mut has_valgrind = true;
    for measured in &all {
        let instructions = match measured.target.program.is_rust() && has_valgrind {
            true => callgrind::instructions(&measured.runnable, &suite.cases, 1).await?,
            false => None,
        };
        has_valgrind &= instructions.is_some() || !measured.target.program.is_rust();
        let size = size(&measured.runnable.artifacts)?;
        rows.row([
            shown(measured),
            spread(&cpu(measured)),
            format!("{:.2}", ratio(&cpu(measured), &baseline.0)),
            instructions.map_or("–".to_owned(), |count| format!("{:.1} k", count as f64 / 1e3)),
            format!("{:.2}", median(init(measured))),
            format!("{:.2}", ratio(&init(measured), &baseline.1)),
            format!("{:.1}", median(measured.each(|sample| sample.peak_memory as f64)) / 1024.0),
            format!("{:.2}", size.raw as f64 / 1e6),
            format!("{:.2}", size.deflated as f64 / 1e6),
        ]);
    }
    if !has_valgrind {
        notes += "Instructions are not counted: `valgrind` is not installed.\n";
    }
    let others: Vec<f64> = all.iter().flat_map(|measured| measured.each(|sample| sample.others)).collect();
    Ok(format!("{}\n{} {}\n{notes}", rows.markdown(), machine::sentence(&others), effort.sentence()))
}

fn cpu(of: &Measured) -> Vec<f64> {
    of.each(|sample| micros(sample.cpu))
}

fn init(of: &Measured) -> Vec<f64> {
    of.each_start(|sample| millis(sample.init_cpu))
}

/// The name in a table: Pilaster's rows are bold, a target of ours is code.
pub(super) fn shown(of: &Measured) -> String {
    match &of.target.program {
        Program::Pilaster(_) => format!("**{}**", of.target.name),
        Program::Peer(_) => format!("`{}`", of.target.name),
        _ => of.target.name.clone(),
    }
}
