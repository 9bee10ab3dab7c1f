//! What a feature costs a function that turns it on and uses nothing of it: size, and the work of a start.

use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::counted::grouped;
use crate::document::Table;
use crate::measure::{self, Effort, Measured, millis};
use crate::process::Pin;
use crate::sample::{Options, block_on};
use crate::size::size;
use crate::statistics::{median, ratio};
use crate::suite::{Case, Package, Program, Suite, Target, http};
use crate::{builds, machine};

/// Features of `pilaster` that are in no default.
const FEATURES: [&str; 8] = [
    "openapi",
    "cache-control",
    "negotiation-formats",
    "negotiation-csv",
    "rate-limit",
    "jwt",
    "websocket",
    "json-schema",
];

pub(crate) fn features(effort: Effort) -> anyhow::Result<String> {
    block_on(table(effort))
}

async fn table(effort: Effort) -> anyhow::Result<String> {
    let (mut text, mut others) = (String::new(), Vec::new());
    let mut has_valgrind = true;
    for (package, cases) in [("hello", hello()?), ("bench-users", Suite::load("http")?.cases)] {
        let targets: Vec<Target> = [""].iter().chain(&FEATURES).map(|feature| target(package, feature)).collect();
        let (mut all, _) = measure::prepare(&targets, &cases).await?;
        let options = Options { pin: Pin::Split, ..Options::default() };
        measure::starts(&mut all, &cases, effort, &options).await?;

        let header = ["bytes", "× bytes", "init CPU ms", "× init CPU", "instructions of a start", "× instructions"];
        let mut rows = Table::new([format!("`{package}`")].into_iter().chain(header.map(str::to_owned)));
        let mut baseline: Option<(f64, Vec<f64>, Option<u64>)> = None;
        for measured in &all {
            let (bytes, init) = (size(&measured.runnable.artifacts)?.raw, init(measured));
            let count = if has_valgrind { instructions(&measured.runnable.artifacts[0])? } else { None };
            has_valgrind &= count.is_some();
            let (all_bytes, all_init, all_count) = baseline.get_or_insert_with(|| (bytes as f64, init.clone(), count));
            let per = count.zip(*all_count).map(|(count, all)| format!("{:.3}", count as f64 / all as f64));
            rows.row([
                measured.target.name.clone(),
                grouped(bytes),
                format!("{:.3}", bytes as f64 / *all_bytes),
                format!("{:.2}", median(init.iter().copied())),
                format!("{:.2}", ratio(&init, all_init)),
                count.map_or("–".to_owned(), grouped),
                per.unwrap_or_else(|| "–".to_owned()),
            ]);
            others.extend(measured.each_start(|sample| sample.others));
        }
        text += &format!("{}\n", rows.markdown());
    }
    let note = if has_valgrind { "" } else { "Instructions are not counted: `valgrind` is not installed.\n" };
    Ok(format!("{text}{} {} starts each.\n{note}", machine::sentence(&others), effort.starts))
}

fn target(package: &str, feature: &str) -> Target {
    let features = if feature.is_empty() { String::new() } else { format!("pilaster/{feature}") };
    let name = if feature.is_empty() { "without".to_owned() } else { format!("`{feature}`") };
    let program = Program::Pilaster(Package { features, ..Package::named(package) });
    Target { name, program, env: Default::default(), slow: 1 }
}

fn hello() -> anyhow::Result<Rc<[Case]>> {
    let event = http("/", "name=Ada", "text/plain", "", false)?.into();
    let expect = serde_json::from_value(json!({ "status": "200" }))?;
    Ok(Rc::from([Case { name: "hello".to_owned(), event, measured: true, expect }]))
}

fn init(of: &Measured) -> Vec<f64> {
    of.each_start(|sample| millis(sample.init_cpu))
}

/// Counts the instructions until the first poll, as `gate.sh` does. `None`: valgrind is not installed.
fn instructions(binary: &Path) -> anyhow::Result<Option<u64>> {
    if builds::installed("valgrind").is_none() {
        return Ok(None);
    }
    let script = crate::repository().join("tests/benches/start.py");
    let output = Command::new("python3").arg(script).arg(binary).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let count = String::from_utf8(output.stdout)?.trim().parse().context("start.py printed no count")?;
    Ok(Some(count))
}
