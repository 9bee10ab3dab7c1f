//! What a run found: per middleware or utility, then the reasons, then the totals as the last line.

use std::collections::BTreeMap;

use crate::case::{Case, Suite};
use crate::deviations::Deviations;

/// What became of a case.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// Every difference is a deliberate one: the indices of their entries.
    Deviates(Vec<usize>),
    /// Pilaster has no counterpart for what it is about, or not yet.
    Unsupported(String),
    Failed(Vec<String>),
}

#[derive(Default)]
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

/// Prints the whole, and says whether no case failed.
pub(crate) fn print(outcomes: &[(&Case, Outcome)], deviations: &Deviations) -> bool {
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

    let Counts { passed, deviates, unsupported, failed } = total;
    println!("\nconformance: {passed} passed, {deviates} deviates, {unsupported} unsupported, {failed} failed");
    failed == 0
}
