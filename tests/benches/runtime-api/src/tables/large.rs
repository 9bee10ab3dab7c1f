//! Bodies of 6 MB, a batch of 10,000 records, and a stream of 200 MB: time by byte, and memory.

pub(crate) mod events;

use std::rc::Rc;

use crate::document::Table;
use crate::machine;
use crate::measure::{self, Effort, Measured};
use crate::process::Pin;
use crate::sample::{Options, block_on};
use crate::statistics::{median, ratio};
use crate::suite::{Package, Program, Target};

pub(crate) fn large(effort: Effort) -> anyhow::Result<String> {
    block_on(table(effort))
}

async fn table(effort: Effort) -> anyhow::Result<String> {
    let mut table = Table::new([
        "work",
        "MB",
        "hand-written: ns a byte",
        "Pilaster: ns a byte",
        "× CPU",
        "hand-written: peak memory MB",
        "Pilaster: peak memory MB",
        "× memory",
    ]);
    let (mut others, mut notes) = (Vec::new(), String::new());
    for large in events::all()? {
        let effort = Effort { count: large.count, warmup: 1, ..effort };
        let cases = Rc::from([large.case]);
        let targets = [target(true, large.by_hand), target(false, large.pilaster)];
        let (mut both, missing) = measure::prepare(&targets, &cases).await?;
        measure::rounds(&mut both, &cases, effort, &Options { pin: Pin::Split, ..Options::default() }).await?;
        let (hand, pilaster) = (&both[0], &both[1]);
        let by_byte = |of: &Measured| of.each(|sample| sample.cpu.as_secs_f64() * 1e9 / large.bytes as f64);
        let memory = |of: &Measured| of.each(|sample| sample.peak_memory as f64 / 1024.0);
        table.row([
            large.work.to_owned(),
            format!("{:.1}", large.bytes as f64 / 1e6),
            format!("{:.2}", median(by_byte(hand))),
            format!("{:.2}", median(by_byte(pilaster))),
            format!("{:.2}", ratio(&by_byte(pilaster), &by_byte(hand))),
            format!("{:.1}", median(memory(hand))),
            format!("{:.1}", median(memory(pilaster))),
            format!("{:.2}", ratio(&memory(pilaster), &memory(hand))),
        ]);
        others.extend(both.iter().flat_map(|measured| measured.each(|sample| sample.others)));
        notes += &missing;
    }
    Ok(format!("{}\n{} {} rounds.\n{notes}", table.markdown(), machine::sentence(&others), effort.rounds))
}

fn target(is_peer: bool, (package, binary): (&str, &str)) -> Target {
    let package = Package::binary(package, binary);
    let program = if is_peer { Program::Peer(package) } else { Program::Pilaster(package) };
    Target {
        name: binary.to_owned(),
        program,
        env: [("POWERTOOLS_SERVICE_NAME".to_owned(), "large".to_owned())].into(),
        slow: 1,
    }
}
