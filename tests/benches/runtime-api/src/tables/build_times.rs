//! How long a function takes to build, from nothing and after a change, in the profile of debugging; and how many crates it has.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use anyhow::ensure;

use crate::document::Table;
use crate::measure::Effort;
use crate::statistics::median;
use crate::{builds, machine, usage};

/// Changes of `main.rs` that are built; the median counts.
const CHANGES: usize = 5;

/// A function to build, in the folder of its workspace.
#[derive(Debug)]
struct Function {
    workspace: PathBuf,
    package: &'static str,
    source: PathBuf,
}

/// Wall and CPU time of a build.
#[derive(Debug, Clone, Copy)]
struct Times {
    wall: f64,
    cpu: f64,
}

pub(crate) fn build(effort: Effort) -> anyhow::Result<String> {
    let (own, peers) = (crate::repository(), crate::repository().join("tests/benches/peers"));
    let example = |package: &'static str| Function {
        source: own.join(format!("examples/{package}/src/main.rs")),
        workspace: own.clone(),
        package,
    };
    let peer = |package: &'static str| Function {
        source: peers.join(format!("{package}/src/main.rs")),
        workspace: peers.clone(),
        package,
    };
    let mut table = Table::new([
        "function",
        "crates",
        "from nothing: s",
        "× ",
        "CPU s",
        "× CPU",
        "after a change: s",
        "×",
        "CPU s",
        "× CPU",
    ]);
    let pairs = [(peer("hello-axum"), example("hello")), (peer("crud-axum"), example("crud"))];
    // A quick run leaves out the second pair, which takes the most time.
    let count = if effort.rounds < Effort::FULL.rounds { 1 } else { pairs.len() };
    for (hand, pilaster) in pairs.into_iter().take(count) {
        let baseline = times(&hand)?;
        for (function, [whole, change]) in [(&hand, baseline), (&pilaster, times(&pilaster)?)] {
            let by = |time: f64, baseline: f64| format!("{:.2}", time / baseline);
            table.row([
                format!("`{}`", function.package),
                crates(function)?.to_string(),
                format!("{:.1}", whole.wall),
                by(whole.wall, baseline[0].wall),
                format!("{:.1}", whole.cpu),
                by(whole.cpu, baseline[0].cpu),
                format!("{:.1}", change.wall),
                by(change.wall, baseline[1].wall),
                format!("{:.1}", change.cpu),
                by(change.cpu, baseline[1].cpu),
            ]);
        }
    }
    Ok(format!("{}\n{}", table.markdown(), machine::sentence(&[])))
}

/// Builds a function from nothing, and after changes.
fn times(function: &Function) -> anyhow::Result<[Times; 2]> {
    let target = builds::target_folder().join("benches/build-times");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    eprintln!("building {} from nothing", function.package);
    let whole = timed(function, &target)?;
    let mut changes = Vec::new();
    for _ in 0..CHANGES {
        // Cargo goes by the time of the file.
        File::open(&function.source)?.set_modified(SystemTime::now())?;
        changes.push(timed(function, &target)?);
    }
    fs::remove_dir_all(&target)?;
    let change = Times { wall: median(changes.iter().map(|t| t.wall)), cpu: median(changes.iter().map(|t| t.cpu)) };
    Ok([whole, change])
}

fn timed(function: &Function, target: &Path) -> anyhow::Result<Times> {
    let (began, before) = (Instant::now(), usage::of_children()?);
    let mut command = Command::new("cargo");
    command.args(["build", "--quiet", "--locked", "--package", function.package, "--bin", function.package]);
    command.current_dir(&function.workspace).env("CARGO_TARGET_DIR", target).env_remove("CARGO_INCREMENTAL");
    ensure!(command.stdin(Stdio::null()).status()?.success(), "{} was not built", function.package);
    Ok(Times { wall: began.elapsed().as_secs_f64(), cpu: (usage::of_children()? - before).as_secs_f64() })
}

/// The number of other crates that are compiled into a function, macros included.
fn crates(function: &Function) -> anyhow::Result<usize> {
    let mut command = Command::new("cargo");
    command.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let output = command.args(["--package", function.package]).current_dir(&function.workspace).output()?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Ok(text.lines().map(names).collect::<BTreeSet<_>>().len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_of_an_example_are_counted() {
        let hello = Function { workspace: crate::repository(), package: "hello", source: PathBuf::new() };
        assert!((50..200).contains(&crates(&hello).unwrap()));
    }
}
