//! The parts of Pilaster beside the same, hand-written: `cargo bench -p bench-parts`, whose output is divan's tree.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::document::Table;
use crate::machine;
use crate::measure::Effort;
use crate::usage::{self, Machine};

/// A part with its benchmark, and what it is compared with.
type Row = (&'static str, &'static str, Option<(&'static str, &'static str)>);

const PARTS: &[Row] = &[
    (
        "a log line with 12 fields",
        "line::by_pilaster",
        Some(("tracing-subscriber's JSON", "line::by_tracing_subscriber")),
    ),
    (
        "a batch of 10,000 records of 1 kB",
        "batch::by_the_record_door",
        Some(("a loop over `aws_lambda_events`", "batch::by_hand")),
    ),
    ("the `Json` extractor", "json::extractor", Some(("`serde_json` on the bytes", "json::by_hand"))),
    ("its rejection, with the field's path, as a response", "json::rejection", None),
    ("a hit in the cache of secrets and parameters", "cache::hit", Some(("a map behind a lock", "cache::hit_by_hand"))),
];

const DECODE: &str = "decode::by_the_door::";
const DECODE_BY_HAND: &str = "decode::by_lambda_http::";
const LAYERS: &str = "layers::";

/// A benchmark's median, as divan writes it, and its allocations.
#[derive(Debug, Clone, Default, PartialEq)]
struct Figure {
    median: String,
    allocations: String,
}

pub(crate) fn parts(_: Effort) -> anyhow::Result<String> {
    // The build is no load while the benchmarks run.
    cargo(&["--no-run"])?;
    let (machine, before) = (Machine::now(), usage::of_children()?);
    let output = cargo(&[])?;
    let others = [machine.others(usage::of_children()? - before)];
    let figures = read(&output);
    let figure = |name: &str| figures.get(name).with_context(|| format!("there is no benchmark `{name}`"));

    let mut decode = Table::new([
        "HTTP event to request, empty response back to text",
        "`HttpAdapter`",
        "allocations",
        "`lambda_http`",
        "allocations",
        "ratio",
    ]);
    for (name, own) in figures.range(DECODE.to_owned()..) {
        let Some(kind) = name.strip_prefix(DECODE) else { break };
        let other = figure(&format!("{DECODE_BY_HAND}{kind}"))?;
        let ratio = nanos(&own.median)? / nanos(&other.median)?;
        decode.row([kind, &own.median, &own.allocations, &other.median, &other.allocations, &format!("{ratio:.2}")]);
    }
    let mut parts = Table::new(["part", "time", "allocations", "compared with", "time", "allocations", "ratio"]);
    for (part, name, compared) in PARTS {
        let own = figure(name)?;
        let Some((with, other)) = compared else {
            parts.row([part, &*own.median, &own.allocations, "", "", "", ""]);
            continue;
        };
        let other = figure(other)?;
        let ratio = format!("{:.2}", nanos(&own.median)? / nanos(&other.median)?);
        parts.row([part, &*own.median, &own.allocations, with, &other.median, &other.allocations, &ratio]);
    }
    let mut layers = Table::new(["layer around a function that does nothing", "with it", "allocations"]);
    for (name, own) in figures.range(LAYERS.to_owned()..) {
        let Some(layer) = name.strip_prefix(LAYERS) else { break };
        layers.row([&layer.replace('_', " "), &*own.median, &own.allocations]);
    }
    Ok(format!("{}\n{}\n{}\n{}", decode.markdown(), parts.markdown(), layers.markdown(), machine::sentence(&others)))
}

/// Runs `cargo bench`, and returns what it printed.
fn cargo(arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new("cargo");
    command.args(["bench", "--quiet", "--package", "bench-parts"]).args(arguments);
    let output = command.current_dir(crate::repository()).output()?;
    ensure!(output.status.success(), "cargo bench: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads divan's tree: a line for each benchmark with the columns fastest, slowest, median and mean, and below it its allocations.
fn read(tree: &str) -> BTreeMap<String, Figure> {
    let mut figures = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    let mut counts_follow = false;
    for line in tree.lines() {
        let text = line.trim_start_matches(|c: char| " │├╰─".contains(c));
        let depth = line[..line.len() - text.len()].chars().count() / 3;
        let is_node = line.contains("├─ ") || line.contains("╰─ ");
        let columns: Vec<&str> = text.split('│').map(str::trim).collect();
        if is_node {
            let (name, fastest) = columns[0].split_once("  ").unwrap_or((columns[0], ""));
            path.truncate(depth.saturating_sub(1));
            path.push(name.to_owned());
            if let (false, Some(median)) = (fastest.trim().is_empty(), columns.get(2)) {
                figures.insert(path.join("::"), Figure { median: (*median).to_owned(), allocations: "0".to_owned() });
            }
            counts_follow = false;
        } else if columns[0].starts_with("alloc:") {
            counts_follow = true;
        } else if counts_follow {
            // The first line below has the numbers, the second the bytes.
            if let (Some(figure), Some(median)) = (figures.get_mut(&path.join("::")), columns.get(2)) {
                figure.allocations = (*median).to_owned();
            }
            counts_follow = false;
        }
    }
    figures
}

/// Nanoseconds of a time as divan writes it: `1.234 µs`.
fn nanos(time: &str) -> anyhow::Result<f64> {
    let (number, unit) = time.split_once(' ').with_context(|| format!("`{time}` is no time"))?;
    let factor = match unit {
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => anyhow::bail!("`{unit}` is no unit of time"),
    };
    Ok(number.parse::<f64>()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
parts                        fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ decode                                  │               │               │               │         │
│  ╰─ by_the_door                          │               │               │               │         │
│     ├─ http              5.5 µs          │ 9 µs          │ 5.921 µs      │ 6 µs          │ 100     │ 100
│     │                    max alloc:      │               │               │               │         │
│     │                      40            │ 40            │ 40            │ 40            │         │
│     │                      3.2 KB        │ 3.2 KB        │ 3.2 KB        │ 3.2 KB        │         │
│     │                    alloc:          │               │               │               │         │
│     │                      49            │ 49            │ 49            │ 49            │         │
│     │                      4.2 KB        │ 4.2 KB        │ 4.2 KB        │ 4.2 KB        │         │
│     ╰─ rest              6 µs            │ 9 µs          │ 6.1 µs        │ 6 µs          │ 100     │ 100
╰─ line                                    │               │               │               │         │
   ╰─ by_pilaster          700 ns          │ 900 ns        │ 740.1 ns      │ 750 ns        │ 100     │ 400
";

    #[test]
    fn divan_s_tree_is_read() {
        let figures = read(TREE);
        let figure =
            |median: &str, allocations: &str| Figure { median: median.to_owned(), allocations: allocations.to_owned() };
        assert_eq!(figures["decode::by_the_door::http"], figure("5.921 µs", "49"));
        assert_eq!(figures["decode::by_the_door::rest"], figure("6.1 µs", "0"));
        assert_eq!(figures["line::by_pilaster"], figure("740.1 ns", "0"));
        assert_eq!(figures.len(), 3);
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(nanos("1.5 µs").unwrap(), 1500.0);
        assert!(nanos("1.5").is_err() && nanos("1.5 h").is_err());
    }
}
