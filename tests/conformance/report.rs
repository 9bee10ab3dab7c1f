//! The report of a run: per middleware or utility, then the reasons, then the totals as the last line.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::case::{self, Case, Suite};
use crate::deviations::Deviations;

/// The outcome of a case.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// Every difference is a deliberate one: the indices of their entries.
    Deviates(Vec<usize>),
    /// Pilaster has no counterpart for what it is about, or not yet.
    Unsupported(String),
    Failed(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    passed: usize,
    deviates: usize,
    unsupported: usize,
    failed: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Deviates(_) => &mut self.deviates,
            Outcome::Unsupported(_) => &mut self.unsupported,
            Outcome::Failed(_) => &mut self.failed,
        } += 1;
    }
}

impl Counts {
    /// The totals of our own cases, as `cases/totals.toml` has them.
    fn recorded() -> Result<Self, String> {
        let file = case::own_folder().join("totals.toml");
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// The totals that are worse than the recorded ones.
    fn worse_than(&self, recorded: &Self) -> Vec<String> {
        let worse = |name: &str, now: usize, before: usize, is_worse: bool| {
            is_worse.then(|| format!("{now} {name}, and {before} are recorded in cases/totals.toml"))
        };
        let more = |name: &str, now: usize, before: usize| worse(name, now, before, now > before);
        [
            worse("passed", self.passed, recorded.passed, self.passed < recorded.passed),
            more("deviates", self.deviates, recorded.deviates),
            more("unsupported", self.unsupported, recorded.unsupported),
            more("failed", self.failed, recorded.failed),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Prints the report, and returns `true` if no case failed. A run of all our own cases must also use each entry of `deviations.toml`,
/// and keep the recorded totals.
pub(crate) fn print(outcomes: &[(&Case, Outcome)], deviations: &Deviations, whole: bool) -> bool {
    let mut total = Counts::default();
    let mut groups: BTreeMap<(Suite, &str), Counts> = BTreeMap::new();
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut used: BTreeMap<usize, usize> = BTreeMap::new();
    for (case, outcome) in outcomes {
        total.add(outcome);
        groups.entry((case.suite, &case.group)).or_default().add(outcome);
        match outcome {
            Outcome::Passed => {}
            Outcome::Deviates(entries) => entries.iter().for_each(|entry| *used.entry(*entry).or_default() += 1),
            Outcome::Unsupported(reason) => *reasons.entry((&case.group, reason)).or_default() += 1,
            Outcome::Failed(differences) => {
                println!("FAILED {} ({})", case.id, case.group);
                differences.iter().for_each(|difference| println!("    {difference}"));
            }
        }
    }

    println!(
        "\n{:<34} {:>7} {:>9} {:>12} {:>7}",
        "middleware or utility", "passed", "deviates", "unsupported", "failed"
    );
    for ((suite, group), counts) in &groups {
        let name = format!("{} {group}", format!("{suite:?}").to_lowercase());
        let Counts { passed, deviates, unsupported, failed } = counts;
        println!("{name:<34} {passed:>7} {deviates:>9} {unsupported:>12} {failed:>7}");
    }

    println!("\ndeliberate differences (deviations.toml), by the number of cases:");
    for (entry, count) in &used {
        let deviation = &deviations.0[*entry];
        println!("{count:>5}  {}: {}", deviation.name, deviation.why);
    }

    println!("\nunsupported, by the number of cases:");
    for ((group, reason), count) in &reasons {
        println!("{count:>5}  {group}: {reason}");
    }

    let mut wrong = Vec::new();
    if whole {
        let unused = deviations.0.iter().enumerate().filter(|(index, _)| !used.contains_key(index));
        wrong.extend(unused.map(|(_, entry)| format!("deviations.toml: `{}` covers no case", entry.name)));
        match Counts::recorded() {
            Ok(recorded) => wrong.extend(total.worse_than(&recorded)),
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        println!();
        wrong.iter().for_each(|wrong| println!("FAILED {wrong}"));
    }

    let Counts { passed, deviates, unsupported, failed } = total;
    println!("\nconformance: {passed} passed, {deviates} deviates, {unsupported} unsupported, {failed} failed");
    failed == 0 && wrong.is_empty()
}
