//! Replays recorded cases of middy and Powertools through Pilaster's public API.
//!
//! ```sh
//! cargo test -p tests --test conformance -- --nocapture           # our copies, in `cases/`
//! PILASTER_CASES=dir cargo test -p tests --test conformance       # and those of further directories
//! cargo test -p tests --test conformance -- http-cors-0           # only ids that contain this, each reported
//! ```
//!
//! Each case is replayed as a function that a user could have written: its configuration becomes Pilaster's own, its event
//! goes through the whole function, its expectation is compared with the result. A difference fails the run, unless
//! `deviations.toml` states that it is deliberate, what Pilaster does instead, and why. A case about something for which
//! Pilaster has no counterpart is counted as unsupported, with the reason.
//!
//! Cases are decoded by types that reject unknown fields, so that no case passes because a part of it was ignored; a case
//! that would pass by the replay's own code, without Pilaster, is unsupported as well. A run of our own cases fails if a total
//! is worse than the one in `cases/totals.toml`, or if an entry of `deviations.toml` covers no case.
//!
//! Compared by meaning, not by spelling: header names and media types without letter case, JSON texts as values, lists such as
//! `Vary` and `Access-Control-Allow-Headers` without order, header maps as the event source reads them. An error that
//! middy or Powertools let fail the invocation is an HTTP answer in Pilaster: its status is compared (500 where it has none), and that
//! its message does not leak.

mod case;
mod child;
mod compare;
mod deviations;
mod exchange;
mod layers;
mod middy;
mod parameters;
mod powertools;
mod records;
mod report;
mod secrets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use serde_json::Value;

use crate::case::{Case, Suite};
use crate::compare::Difference;
use crate::deviations::Deviations;
use crate::report::Outcome;

/// The expectation of a case and the result of Pilaster, in one form.
pub(crate) struct Compared {
    pub(crate) expected: Value,
    pub(crate) observed: Value,
}

/// Why a case was not replayed.
pub(crate) enum Stop {
    /// Pilaster has no counterpart.
    Unsupported(String),
    /// The case cannot be read.
    Broken(String),
}

/// The outcome of a replayed case.
pub(crate) type Replay = Result<Compared, Stop>;

/// A shorthand for the common stop.
pub(crate) fn unsupported<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Unsupported(reason.into()))
}

/// Checks that a case has no expectation that the replay does not compare.
pub(crate) fn only_these(expected: &Value, known: &[&str]) -> Result<(), Stop> {
    match expected.as_object().into_iter().flatten().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => unsupported(format!("expectations of the kind `{name}`")),
        None => Ok(()),
    }
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(powertools::logger::child::ARGUMENT) => {
            powertools::logger::child::main();
            return ExitCode::SUCCESS;
        }
        Some(child::ARGUMENT) => {
            child::main();
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let filter: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let read = case::load().and_then(|cases| Ok((cases, Deviations::read()?)));
    let (cases, deviations) = match read {
        Ok(read) => read,
        Err(error) => {
            println!("{error}\n\nconformance: 0 passed, 0 deviates, 0 unsupported, 1 failed");
            return ExitCode::FAILURE;
        }
    };
    // Panics are expected outcomes here; each is reported with its case.
    std::panic::set_hook(Box::new(|_| {}));
    let chosen = cases.iter().filter(|case| filter.is_empty() || filter.iter().any(|part| case.id.contains(part)));
    let outcomes: Vec<_> = chosen.map(|case| (case, outcome(case, &deviations))).collect();
    if !filter.is_empty() {
        outcomes.iter().for_each(|(case, outcome)| println!("{}: {outcome:?}", case.id));
    }
    let whole = filter.is_empty() && !case::has_further();
    if report::print(&outcomes, &deviations, whole) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Replays a case of either library.
pub(crate) fn replay(case: &Case) -> Replay {
    if let Some(unread) = &case.unread {
        return unsupported(unread.as_str());
    }
    match case.suite {
        Suite::Middy => middy::replay(case),
        Suite::Powertools => powertools::replay(case),
        Suite::Unknown => Err(Stop::Broken("the line is of no known form".to_owned())),
    }
}

fn outcome(case: &Case, deviations: &Deviations) -> Outcome {
    let replayed = catch_unwind(AssertUnwindSafe(|| replay(case)));
    let compared = match replayed {
        Ok(Ok(compared)) => compared,
        Ok(Err(Stop::Unsupported(reason))) => return Outcome::Unsupported(reason),
        Ok(Err(Stop::Broken(reason))) => return Outcome::Failed(vec![reason]),
        Err(panic) => return Outcome::Failed(vec![format!("panicked: {}", exchange::panic_text(&*panic))]),
    };
    judge(case, &compared, deviations)
}

fn judge(case: &Case, compared: &Compared, deviations: &Deviations) -> Outcome {
    let Compared { expected, observed } = compared;
    if expected.as_object().is_none_or(serde_json::Map::is_empty) {
        return Outcome::Unsupported("has no expectation that can be compared".to_owned());
    }
    // If a configuration was rejected at start, or the request by the adapter, nothing more can be compared.
    let early = ["refused", "rejected"]
        .into_iter()
        .find(|early| observed.get(early).is_some() && expected.get(early).is_none());
    let found = match early {
        Some(early) => {
            vec![Difference { at: format!("/{early}"), expected: None, observed: observed.get(early).cloned() }]
        }
        None => case.suite.matchers().differences(expected, observed),
    };
    let covering: Vec<_> = found.iter().map(|difference| deviations.covering(case, difference, &found)).collect();
    if case.defect {
        return defect(expected, &found, &covering);
    }
    if found.is_empty() {
        return Outcome::Passed;
    }
    let open: Vec<_> = found.iter().zip(&covering).filter(|(_, entry)| entry.is_none()).collect();
    if open.is_empty() {
        let mut entries: Vec<_> = covering.into_iter().flatten().collect();
        entries.sort_unstable();
        entries.dedup();
        return Outcome::Deviates(entries);
    }
    Outcome::Failed(open.iter().map(|(difference, _)| difference.to_string()).collect())
}

/// A recorded defect must not be reproduced: the answer differs from it, and not by being an error where that is none.
fn defect(expected: &Value, found: &[Difference], covering: &[Option<usize>]) -> Outcome {
    if found.is_empty() {
        return Outcome::Failed(vec!["the recorded defect is reproduced".to_owned()]);
    }
    // The recorded result is itself an error: any other response is right, and the calls differ with it.
    let is_error = expected.get("error").is_some()
        || expected.get("failed").is_some()
        || expected["status"].as_u64().is_some_and(|status| status >= 400);
    let worse = |difference: &Difference| {
        let starts = |places: &[&str]| places.iter().any(|place| difference.at.starts_with(place));
        starts(&["/refused", "/rejected"])
            || (!is_error && difference.observed.is_some() && starts(&["/failed", "/error"]))
            || (!is_error && starts(&["/status", "/trace"]))
    };
    let worse: Vec<_> = found.iter().zip(covering).filter(|(d, entry)| entry.is_none() && worse(d)).collect();
    if worse.is_empty() {
        return Outcome::Passed;
    }
    Outcome::Failed(worse.iter().map(|(difference, _)| difference.to_string()).collect())
}
